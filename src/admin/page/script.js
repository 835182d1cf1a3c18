/**
 * The script that keeps the page up to date: it fetches the page again and applies what changed, node by node, so that focus,
 * scroll position, selection and opened details stay. It pauses while the page is hidden. A string, since it runs in a browser.
 */
export const SCRIPT = `'use strict';
(() => {
  const INTERVAL = 3000;
  const LONGEST_INTERVAL = 60000;
  const TIMEOUT = 10000;
  const ANNOUNCE_INTERVAL = 20000;
  const [mode, asOf, announcement, pause, main, fetchKeys] = ['mode', 'as-of', 'announcement', 'pause', 'content', 'fetch-keys'].map(id => document.getElementById(id));
  let timer;
  let pending;
  let isPaused = false;
  let isUnreachable = false;
  let wait = INTERVAL;
  let unannounced = 0;
  let announcedAt = 0;

  const listDenials = () => new Set([...main.querySelectorAll('tr[id]')].map(row => row.id));

  function copyAttributes(from, to) {
    const keeps = name => to.nodeName === 'DETAILS' && name === 'open';
    for (const { name } of [...to.attributes]) if (!from.hasAttribute(name) && !keeps(name)) to.removeAttribute(name);
    for (const { name, value } of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
  }

  function findMatch(wanted, parent, next) {
    if (wanted.id) return [...parent.children].find(child => child.id === wanted.id);
    return next && !next.id && next.nodeName === wanted.nodeName ? next : undefined;
  }

  function apply(from, to) {
    if (to.nodeType !== Node.ELEMENT_NODE) {
      if (to.nodeValue !== from.nodeValue) to.nodeValue = from.nodeValue;
      return;
    }
    copyAttributes(from, to);
    let next = to.firstChild;
    for (const wanted of [...from.childNodes]) {
      const match = findMatch(wanted, to, next);
      if (!match) {
        to.insertBefore(document.importNode(wanted, true), next);
        continue;
      }
      if (match === next) next = next.nextSibling;
      else to.insertBefore(match, next);
      apply(wanted, match);
    }
    while (next) {
      const removed = next;
      next = next.nextSibling;
      removed.remove();
    }
  }

  function show(page) {
    if (page.documentElement.dataset.version !== document.documentElement.dataset.version) return location.reload();
    const before = listDenials();
    document.title = page.title;
    apply(page.getElementById('as-of'), asOf);
    apply(page.getElementById('content'), main);
    unannounced += [...listDenials()].filter(id => !before.has(id)).length;
    if (unannounced > 0 && Date.now() - announcedAt > ANNOUNCE_INTERVAL) {
      announce(unannounced === 1 ? '1 new denial' : unannounced + ' new denials');
      unannounced = 0;
    }
  }

  function announce(text) {
    announcedAt = Date.now();
    announcement.textContent = text;
  }

  function showMode() {
    mode.textContent = isPaused ? 'Paused at' : isUnreachable ? 'No answer since' : 'Live, as of';
    mode.className = isUnreachable && !isPaused ? 'refused' : '';
    pause.textContent = isPaused ? 'Resume updates' : 'Pause updates';
  }

  function settle(page) {
    pending = undefined;
    const wasUnreachable = isUnreachable;
    isUnreachable = !page;
    wait = page ? INTERVAL : Math.min(2 * wait, LONGEST_INTERVAL);
    if (page) show(page);
    if (isUnreachable !== wasUnreachable) announce(isUnreachable ? 'The gateway does not answer' : 'The gateway answers again');
    showMode();
    schedule();
  }

  function fetchPage() {
    clearTimeout(timer);
    if (pending || isPaused || document.hidden) return;
    pending = new XMLHttpRequest();
    pending.open('GET', location.pathname + location.search);
    pending.responseType = 'document';
    pending.timeout = TIMEOUT;
    pending.onloadend = ({ target }) => {
      const page = target.status === 200 && target.response;
      settle(page && page.getElementById('content') ? page : undefined);
    };
    pending.send();
  }

  function schedule() {
    clearTimeout(timer);
    if (!isPaused && !document.hidden) timer = setTimeout(fetchPage, wait);
  }

  function requestKeys() {
    const request = new XMLHttpRequest();
    const button = fetchKeys;
    button.disabled = true;
    request.open('POST', './keys/refresh');
    request.timeout = TIMEOUT;
    request.onloadend = () => {
      const done = request.status === 202;
      button.textContent = done ? 'Keys are being fetched' : 'Keys not fetched (' + request.status + ')';
      announce(button.textContent);
      setTimeout(() => {
        button.textContent = 'Fetch keys';
        button.disabled = false;
        fetchPage();
      }, INTERVAL);
    };
    request.send();
  }

  if (fetchKeys) {
    fetchKeys.hidden = false;
    fetchKeys.addEventListener('click', requestKeys);
  }
  pause.addEventListener('click', () => {
    isPaused = !isPaused;
    showMode();
    fetchPage();
  });
  document.addEventListener('visibilitychange', fetchPage);
  pause.hidden = false;
  showMode();
  schedule();
})();
`;
