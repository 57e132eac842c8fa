/* All script of the portal besides htmx. Every page works without it. */
(() => {
  const d = document, root = d.documentElement, $ = (s, c = d) => c.querySelector(s);
  const say = m => { const live = $('#live'); if (live) live.textContent = m };
  // The server's clock counts: a laptop's may be wrong, and the portal's own may be moved for a rehearsal.
  const skew = root.dataset.now ? Date.parse(root.dataset.now) - Date.now() : 0;
  const now = () => Date.now() + skew;

  // Theme: follows the system until the button is pressed. theme.js (in <head>) applies the choice before paint.
  function switchTheme() {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme:dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try { localStorage.theme = root.dataset.theme } catch {}
  }

  // The profile's choice counts for every device; on this one it replaces what the button said.
  d.addEventListener('submit', e => {
    const theme = e.target.matches('[data-theme-form]') && e.target.elements.theme?.value;
    if (theme) try { theme === 'system' ? localStorage.removeItem('theme') : localStorage.theme = theme } catch {}
  });

  // Copy a command: prompts go ("$ ", "user@host:~$ ", ">>> ", "=# "), comments stay. Without a clipboard it is selected.
  async function copy(button) {
    const pre = $('pre', button.closest('.cmd'));
    const text = pre.textContent.split('\n').map(l => l.replace(/^\s*(?:[\w.-]+@[\w.-]+[:~\/\w-]*)?(?:\$|>>>|\.\.\.|=#|=>)\s/, '')).join('\n').trim();
    let done = 'Copied';
    try { await navigator.clipboard.writeText(text) }
    catch { const r = d.createRange(); r.selectNodeContents(pre); getSelection().removeAllRanges(); getSelection().addRange(r); done = 'Selected' }
    const label = $('span', button) || button, was = label.textContent;
    label.textContent = done; say('Command ' + done.toLowerCase()); setTimeout(() => label.textContent = was, 1600);
  }

  // Code in a runbook gets its own copy button; without script it is plain text to select.
  const copyable = $('template#copy');
  if (copyable) d.querySelectorAll('[data-commands] pre:not(.md-plain)').forEach(pre => {
    const box = copyable.content.firstElementChild.cloneNode(true);
    (pre.closest('.highlight') || pre).replaceWith(box); box.append(pre);
    pre.tabIndex = 0; pre.setAttribute('role', 'group'); pre.setAttribute('aria-label', 'Command');
  });

  d.addEventListener('click', e => {
    const at = s => e.target.closest(s);
    if (at('[data-theme-toggle]')) switchTheme();
    if (at('[data-copy]')) copy(at('[data-copy]'));
    if (at('[data-print]')) print();
    if (at('[data-close]')) at('dialog')?.close();
    const opener = at('[data-open]');
    if (opener?.dataset.open === 'keys') return help();
    if (opener) { const box = $('#' + opener.dataset.open); if (box) { e.preventDefault(); at('dialog')?.close(); box.showModal() } }
    d.querySelectorAll('details.menu[open]').forEach(m => { if (!m.contains(e.target)) m.open = false });
  });

  // Clocks: <b data-due-at="2026-11-24T02:18:00Z" data-say="Next update due">3:40</b> counts down, then up with the word "late";
  // <b data-since-at="…"> counts up. Told politely at 5 min, 1 min and when late.
  const clock = s => { const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, x = n => String(n).padStart(2, '0'); return h ? `${h}:${x(m)}:${x(s % 60)}` : `${m}:${x(s % 60)}` };
  const told = new Map([[300, ' in 5 minutes'], [60, ' in 1 minute'], [-1, ' is late']]);
  const tick = () => d.querySelectorAll('[data-due-at],[data-since-at]').forEach(n => {
    const due = n.dataset.dueAt, s = Math.floor((due ? Date.parse(due) - now() : now() - Date.parse(n.dataset.sinceAt)) / 1000);
    if (Number.isNaN(s)) return;
    n.textContent = (due && s < 0 ? 'late ' : '') + clock(Math.abs(s));
    if (due && n.dataset.say && told.has(s)) say(n.dataset.say + told.get(s));
  });
  tick(); setInterval(tick, 1000);
  $('main [role=alert][tabindex]')?.focus(); // what is wrong with a form is read first

  // The send button names what will happen: 'Post to status page + 214 people'. Ticking done opens the evidence form.
  d.addEventListener('change', e => {
    const f = e.target.closest('form[data-recips]');
    if (f && e.target.matches('[data-n]')) {
      const on = [...f.querySelectorAll('[data-n]:checked')], n = on.reduce((a, c) => a + +c.dataset.n, 0), page = on.some(c => c.dataset.n === '0');
      const b = $('[data-sum]', f); b.closest('button').disabled = !on.length;
      b.textContent = on.length ? 'Post to ' + [page ? 'status page' : '', n ? n.toLocaleString('en') + ' people' : ''].filter(Boolean).join(' + ') : 'Choose who gets it';
    }
    const k = e.target.closest('[data-tick]'), box = k && $('#' + (k.dataset.opens || 'done'));
    if (box && k.checked) { k.checked = false; const what = $('[data-tick-what]', box); if (what) what.textContent = k.dataset.tick; const form = $('form', box); if (form && k.dataset.action) form.action = k.dataset.action; box.showModal() }
    if (e.target.matches('[data-submit]')) e.target.form?.requestSubmit();
  });

  // The list of keys names what this page has: each [data-key] by its own words.
  function help() {
    const box = $('#keys'), room = box && $('[data-page-keys]', box); if (!box) return;
    const own = [...d.querySelectorAll('[data-key]')].filter(n => n.dataset.key !== 'c' && n.offsetParent);
    const words = n => n.dataset.keySays || n.getAttribute('aria-label') || n.labels?.[0]?.textContent || n.textContent;
    $('.keys', room).replaceChildren(...own.flatMap(n => { const k = d.createElement('span'), t = d.createElement('span'), b = d.createElement('kbd'); b.textContent = n.dataset.key; k.append(b); t.textContent = words(n).trim(); return [k, t] }));
    room.hidden = !own.length; box.showModal();
  }

  // Keys. Off inside fields; single keys can be switched off in the profile (WCAG 2.1.4). `g` and a letter follow the link that has data-go.
  let g = 0;
  d.addEventListener('keydown', e => {
    if ((e.ctrlKey || e.metaKey) && e.key === 'Enter' && e.target.form) { e.preventDefault(); return e.target.form.requestSubmit() }
    if (e.ctrlKey || e.metaKey || e.altKey || root.dataset.keys === 'off') return;
    const field = /INPUT|TEXTAREA|SELECT/.test(e.target.tagName) || e.target.isContentEditable;
    if (e.key === 'Escape' && field) return e.target.blur();
    if (field || $('dialog[open]')) return;
    if (e.key === '/') { const s = $('main [type=search]') || $('[type=search]'); if (s) { e.preventDefault(); s.focus(); s.select() } return }
    if (e.key === '?') return help();
    if (e.key === 'g') { g = Date.now(); return }
    if (Date.now() - g < 1200) { g = 0; const to = $(`a[data-go="${CSS.escape(e.key)}"]`); if (to) location.href = to.href; return }
    const k = $(`[data-key="${CSS.escape(e.key)}"]`);
    if (k) { e.preventDefault(); k.matches('input,textarea') ? k.focus() : k.click(); return }
    if (e.key === 'j' || e.key === 'k') {
      const rows = [...d.querySelectorAll('[data-row]')]; if (!rows.length) return;
      const i = rows.indexOf(d.activeElement); rows[Math.max(0, Math.min(rows.length - 1, i + (e.key === 'j' ? 1 : -1)))].focus();
    }
  });

  // htmx: nothing is fetched for a page nobody looks at; a lost connection is said and typed text stays.
  const utc = () => new Date(now()).toISOString().slice(11, 16);
  d.addEventListener('htmx:beforeRequest', e => { if (d.hidden && /\bevery\b/.test(e.target.getAttribute('hx-trigger') || '')) e.preventDefault() });
  d.addEventListener('htmx:sendError', () => { const o = $('#offline'); if (o && o.hidden) { $('b', o).textContent = utc(); o.hidden = false } });
  d.addEventListener('htmx:afterOnLoad', () => { const o = $('#offline'); if (o) o.hidden = true });
  d.addEventListener('htmx:responseError', e => {
    const box = $('#refusal'); if (!box || e.detail.shouldSwap) return;
    const p = d.createElement('p'); p.className = 'note bad'; p.textContent = `That did not work (answer ${e.detail.xhr.status}). What you typed is still here; try again, or reload the page.`;
    box.replaceChildren(p);
  });
  // What scrolls inside a text is reached by the keyboard too.
  const reach = () => d.querySelectorAll('.prose :is(pre,table)').forEach(e => { if (e.scrollWidth > e.clientWidth) e.tabIndex = 0 });
  reach(); d.addEventListener('htmx:afterSwap', () => { tick(); reach() });
  // HX-Trigger: {"toast": "Update posted"}: success of something that is not visible. Stays while pointed at or focused.
  d.addEventListener('toast', e => {
    const host = $('#toasts'), text = e.detail?.value ?? e.detail; if (!host || !text) return;
    const t = d.createElement('div'); t.className = 'toast'; t.textContent = text; host.append(t);
    const drop = () => t.matches(':hover,:focus-within') ? setTimeout(drop, 1000) : t.remove(); setTimeout(drop, 6000);
  });
})();
