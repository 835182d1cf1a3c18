/**
 * What keeps the page fresh: it asks for the page again and takes over what changed, node by node, so that focus, scroll,
 * selection and opened details stay. It rests while nobody looks. A string, because it runs in the reader's browser.
 */

export const SCRIPT = `'use strict';
(() => {
  const INTERVAL = 3000;
  const LONGEST = 60000;
  const PATIENCE = 10000;
  const BETWEEN_WORDS = 20000;
  const [mode, asOf, said, pause, main] = ['mode', 'as-of', 'said', 'pause', 'content'].map(id => document.getElementById(id));
  let timer;
  let asking;
  let isPaused = false;
  let isLost = false;
  let wait = INTERVAL;
  let unsaid = 0;
  let spokenAt = 0;

  const listDenials = () => new Set([...main.querySelectorAll('tr[id]')].map(row => row.id));

  function takeAttributes(from, to) {
    const keeps = name => to.nodeName === 'DETAILS' && name === 'open';
    for (const { name } of [...to.attributes]) if (!from.hasAttribute(name) && !keeps(name)) to.removeAttribute(name);
    for (const { name, value } of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
  }

  function findTwin(wanted, parent, next) {
    if (wanted.id) return [...parent.children].find(child => child.id === wanted.id);
    return next && !next.id && next.nodeName === wanted.nodeName ? next : undefined;
  }

  function takeOver(from, to) {
    if (to.nodeType !== Node.ELEMENT_NODE) {
      if (to.nodeValue !== from.nodeValue) to.nodeValue = from.nodeValue;
      return;
    }
    takeAttributes(from, to);
    let next = to.firstChild;
    for (const wanted of [...from.childNodes]) {
      const twin = findTwin(wanted, to, next);
      if (!twin) {
        to.insertBefore(document.importNode(wanted, true), next);
        continue;
      }
      if (twin === next) next = next.nextSibling;
      else to.insertBefore(twin, next);
      takeOver(wanted, twin);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
  }

  function show(page) {
    if (page.documentElement.dataset.version !== document.documentElement.dataset.version) return location.reload();
    const before = listDenials();
    document.title = page.title;
    takeOver(page.getElementById('as-of'), asOf);
    takeOver(page.getElementById('content'), main);
    unsaid += [...listDenials()].filter(id => !before.has(id)).length;
    if (unsaid > 0 && Date.now() - spokenAt > BETWEEN_WORDS) {
      say(unsaid === 1 ? '1 new denial' : unsaid + ' new denials');
      unsaid = 0;
    }
  }

  function say(words) {
    spokenAt = Date.now();
    said.textContent = words;
  }

  function tellMode() {
    mode.textContent = isPaused ? 'Paused at' : isLost ? 'No answer since' : 'Live, as of';
    mode.className = isLost && !isPaused ? 'refused' : '';
    pause.textContent = isPaused ? 'Resume updates' : 'Pause updates';
  }

  function settle(page) {
    asking = undefined;
    const wasLost = isLost;
    isLost = !page;
    wait = page ? INTERVAL : Math.min(2 * wait, LONGEST);
    if (page) show(page);
    if (isLost !== wasLost) say(isLost ? 'The gateway does not answer' : 'The gateway answers again');
    tellMode();
    schedule();
  }

  function ask() {
    clearTimeout(timer);
    if (asking || isPaused || document.hidden) return;
    asking = new XMLHttpRequest();
    asking.open('GET', location.pathname + location.search);
    asking.responseType = 'document';
    asking.timeout = PATIENCE;
    asking.onloadend = ({ target }) => {
      const page = target.status === 200 && target.response;
      settle(page && page.getElementById('content') ? page : undefined);
    };
    asking.send();
  }

  function schedule() {
    clearTimeout(timer);
    if (!isPaused && !document.hidden) timer = setTimeout(ask, wait);
  }

  pause.addEventListener('click', () => {
    isPaused = !isPaused;
    tellMode();
    ask();
  });
  document.addEventListener('visibilitychange', ask);
  pause.hidden = false;
  tellMode();
  schedule();
})();
`;
