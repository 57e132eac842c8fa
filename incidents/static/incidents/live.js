/* The incident page is live: asked every 2 s while the reader acts and for two minutes after, else every 10 s. */
(() => {
  const BUSY = 2000, IDLE = 10000, AFTER = 120000;
  let acted = Date.now(), asked = Date.now();
  const act = () => { acted = Date.now() };
  ['pointerdown', 'keydown', 'touchstart', 'wheel'].forEach(name => addEventListener(name, act, {passive: true}));
  addEventListener('visibilitychange', () => { if (!document.hidden) { act(); asked = 0 } });
  setInterval(() => {
    const poll = document.getElementById('poll');
    if (!poll || document.hidden || !window.htmx) return;
    const wait = Date.now() - acted < AFTER ? BUSY : IDLE;
    if (Date.now() - asked < wait - 100) return;
    asked = Date.now();
    htmx.trigger(poll, 'look');
  }, 500);
  // What is being filled in is not drawn anew under somebody's hands: a part that holds the focus, or an open form, waits for the next round.
  const busy = part => part.contains(document.activeElement) && /INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName);
  document.addEventListener('htmx:oobBeforeSwap', e => {
    const part = e.detail.target;
    if (!part || part.id === 'poll' || part.id === 'tl') return;
    if (busy(part)) { e.detail.shouldSwap = false; return }
    const open = new Set([...part.querySelectorAll('details[open]')].map(d => d.firstElementChild?.textContent.replace(/[\d/]+/g, '').trim()));
    if (part.id === 'inc-side') e.detail.fragment?.querySelectorAll?.('details').forEach(d => { if (open.has(d.firstElementChild?.textContent.replace(/[\d/]+/g, '').trim())) d.open = true });
  });
})();
