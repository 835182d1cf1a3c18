/** Numbers and times for people. */
import { html } from './html.js';
const COUNT = new Intl.NumberFormat('en');
/** @returns `1,234`. */
export function formatCount(count) {
    return COUNT.format(count);
}
/** @returns `1 route`, `2 routes`. */
export function formatAmount(count, noun) {
    return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
/** @returns the two largest units of `seconds`: `42 s`, `3 min 5 s`, `2 d 4 h`. */
export function formatDuration(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const units = [
        ['d', Math.floor(whole / 86_400)],
        ['h', Math.floor(whole / 3_600) % 24],
        ['min', Math.floor(whole / 60) % 60],
        ['s', whole % 60],
    ];
    const first = units.findIndex(([, amount]) => amount > 0);
    if (first < 0)
        return '0 s';
    const shown = units.slice(first, first + 2).filter(([, amount]) => amount > 0);
    return shown.map(([unit, amount]) => `${amount} ${unit}`).join(' ');
}
/** @returns `0.4 ms`, `12 ms`, `1.25 s`; `over 10 s` from the last bound of the histograms on. */
export function formatSeconds(seconds) {
    if (seconds >= 10)
        return 'over 10 s';
    if (seconds >= 1)
        return `${Number(seconds.toFixed(2))} s`;
    const milliseconds = seconds * 1000;
    return `${Number(milliseconds.toFixed(milliseconds < 10 ? 1 : 0))} ms`;
}
/** @returns a time of day in UTC, machine-readable in full. */
export function formatTime(milliseconds) {
    const text = new Date(milliseconds).toISOString();
    return html `<time datetime="${text}">${text.slice(11, 19)}</time>`;
}
/** @returns day and time in UTC. */
export function formatMoment(milliseconds) {
    const text = new Date(milliseconds).toISOString();
    return html `<time datetime="${text}">${text.slice(0, 10)} ${text.slice(11, 19)} UTC</time>`;
}
