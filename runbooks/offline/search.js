// Search of the offline site: no server, no network. Words are compared by their beginnings, titles and alert names count most.
(() => {
  const box = document.querySelector('#q'), list = document.querySelector('#found'), all = document.querySelector('#all');
  if (!box || !window.LIBRARY) return;
  const plain = t => t.toLowerCase().normalize('NFKD').replace(/[\u0300-\u036f]/g, '');
  const split = t => t.replace(/([a-z])([A-Z])/g, '$1 $2');
  const words = t => plain(split(t) + ' ' + t).split(/[^\p{L}\p{N}]+/u).filter(w => w.length > 1);
  const near = (a, b) => { // one letter more, less or other
    if (Math.abs(a.length - b.length) > 1 || a.length < 5) return false;
    let i = 0, j = 0, wrong = 0;
    while (i < a.length && j < b.length) { if (a[i] === b[j]) { i++; j++ } else { if (++wrong > 1) return false; if (a.length >= b.length) i++; if (b.length >= a.length) j++ } }
    return wrong + (a.length - i) + (b.length - j) <= 1;
  };
  const rows = window.LIBRARY.map(r => ({ ...r, h: r.head.split(' '), w: r.words.split(' ') }));
  const count = new Map(); rows.forEach(r => r.w.forEach(w => count.set(w, (count.get(w) || 0) + 1)));
  const score = (row, asked) => asked.reduce((sum, w) => {
    const fits = v => v === w || (v.length > 3 && w.startsWith(v)) || (w.length > 2 && v.startsWith(w));
    const hit = (set, weight) => { const v = set.find(fits); if (v) return weight * Math.log(1 + rows.length / (count.get(v) || 1)); return set.some(v => near(v, w)) ? weight : 0 };
    return sum + Math.max(hit(row.h, 5), hit(row.w, 1));
  }, 0);
  const show = () => {
    const asked = [...new Set(words(box.value))];
    all.hidden = asked.length > 0; list.replaceChildren();
    if (!asked.length) return;
    const best = rows.map(r => [score(r, asked), r]).filter(p => p[0] > 0).sort((a, b) => b[0] - a[0]).slice(0, 30);
    for (const [, r] of best) {
      const li = document.createElement('li'), a = document.createElement('a');
      a.href = 'runbooks/' + r.slug + '.html'; a.textContent = r.title; li.append(a, ' ' + r.state); list.append(li);
    }
    if (!best.length) { const li = document.createElement('li'); li.textContent = 'Nothing found. All runbooks are below.'; list.append(li); all.hidden = false }
  };
  box.form.hidden = false; box.addEventListener('input', show); box.form.addEventListener('submit', e => { e.preventDefault(); list.querySelector('a')?.click() }); show();
})();
