// Times in the reader's own zone, in the words of the page. Without script they stay in the page's zone, which its foot names.
const zone = $('[data-layouts]');
if (zone) {
  const lang = document.documentElement.lang, l = JSON.parse(zone.dataset.layouts), now = new Date(Date.now());
  const two = n => String(n).padStart(2, '0'), month = new Intl.DateTimeFormat(lang, { month: 'long' });
  const write = (d, layout) => layout.replace(/2006|January|15|04|05|2|1/g, part => ({ 2006: d.getFullYear(), January: month.format(d),
    15: two(d.getHours()), '04': two(d.getMinutes()), '05': two(d.getSeconds()), 2: d.getDate(), 1: d.getMonth() + 1 })[part]);
  for (const el of $$('time[data-time]')) {
    const d = new Date(el.dateTime), today = d.toDateString() === now.toDateString();
    const own = { time: today ? l.c : l.f, full: l.f, day: l.d, when: today ? l.t : l.o, clock: d.getSeconds() ? l.c + ':05' : l.c };
    el.textContent = write(d, own[el.dataset.time]);
  }
  zone.hidden = true;
}
