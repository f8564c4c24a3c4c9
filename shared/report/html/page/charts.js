// Charts, drawn as SVG. Each says in words what it shows, and has its numbers in a table below for whoever cannot or will not look.

const chart = { width: 400, height: 170, left: 38, right: 6, top: 10, bottom: 24 };

// A round even number at or above n, so that the axis and its middle are at something that people can read.
function roundUp(n) {
  if (n <= 4) return 4;
  const size = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 4, 6, 8, 10].map((f) => f * size).find((x) => x >= n && x % 2 === 0);
}

function figure(title, description, drawing, head, body) {
  return h('figure', { class: 'chart' },
    h('figcaption', {}, title),
    drawing,
    h('p', { class: 'said' }, description),
    h('details', {}, h('summary', {}, 'Numbers'),
      h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title + ', numbers' },
        h('table', {}, h('thead', {}, h('tr', {}, head.map((c) => h('th', { scope: 'col' }, c)))),
          h('tbody', {}, body.map((cells) => h('tr', {}, cells.map((c, i) => h(i === 0 ? 'th' : 'td', i === 0 ? { scope: 'row' } : {}, String(c))))))))));
}

function frame(description, ...children) {
  return svg('svg', { viewBox: `0 0 ${chart.width} ${chart.height}`, role: 'img', 'aria-label': description }, children);
}

// 10K instead of 10000, because the room beside an axis is small.
function shortNumber(n) {
  return new Intl.NumberFormat('en', { notation: 'compact' }).format(n);
}

// Lines with their numbers across, and the dates below.
function axes(most, label, days) {
  const { width, height, left, right, top, bottom } = chart;
  const y = (v) => height - bottom - (v / most) * (height - top - bottom);
  const lines = [0, 0.5, 1].map((part) => [
    svg('line', { class: 'grid', x1: left, x2: width - right, y1: y(part * most), y2: y(part * most) }),
    svg('text', { class: 'tick', x: left - 6, y: y(part * most) + 4, 'text-anchor': 'end' }, label(part * most)),
  ]);
  const x = (i) => left + (days.length < 2 ? 0 : (i / (days.length - 1)) * (width - left - right));
  const step = Math.max(1, Math.round(days.length / 4));
  const dates = days.map((d, i) => [d, i]).filter(([, i]) => i % step === 0 && i < days.length - step / 2 || i === days.length - 1)
    .map(([d, i]) => svg('text', { class: 'tick', x: x(i), y: height - 8, 'text-anchor': i === days.length - 1 ? 'end' : 'middle' }, d.date.slice(5)));
  return { x, y, parts: [lines, dates] };
}

// How much was wrong at the end of each day, the worst at the bottom.
function exposureChart(days) {
  const most = roundUp(Math.max(...days.map((d) => d.open.total)));
  const { x, y, parts } = axes(most, shortNumber, days);
  const floor = days.map(() => 0);
  const areas = logic.SEVERITIES.map((s) => {
    const upper = days.map((d, i) => floor[i] + d.open[s]);
    const there = upper.map((v, i) => `${x(i)},${y(v)}`);
    const back = floor.map((v, i) => `${x(i)},${y(v)}`).reverse();
    upper.forEach((v, i) => { floor[i] = v; });
    return svg('polygon', { class: 'area ' + s, points: [...there, ...back].join(' ') }, svg('title', {}, s));
  });
  const first = days[0];
  const last = days[days.length - 1];
  const said = `${logic.number(first.open.total)} were open on ${first.date} and ${logic.number(last.open.total)} on ${last.date}, ${logic.number(last.open.critical)} of them critical.`;
  return figure('Open at the end of each day', said, h('div', {}, legend(logic.SEVERITIES), frame(said, areas, parts)), ['day', 'open', ...logic.SEVERITIES, 'found', 'exposure, hours'],
    days.map((d) => [d.date, d.open.total, ...logic.SEVERITIES.map((s) => d.open[s]), d.found, d.exposure_hours]));
}

function legend(names) {
  return h('p', { class: 'legend', 'aria-hidden': 'true' }, names.map((s) => h('span', {}, h('i', { class: s }), s)));
}

// How many fixes were verified on each day, and how long they took in the mean.
function fixChart(days, speed) {
  const fixed = Math.max(...days.map((d) => d.fixed));
  const most = roundUp(fixed);
  const { x, y, parts } = axes(most, shortNumber, days);
  const wide = Math.max(2, (chart.width - chart.left - chart.right) / days.length - 3);
  const bars = days.filter((d) => d.fixed > 0).map((d) => {
    const i = days.indexOf(d);
    const at = Math.min(Math.max(x(i) - wide / 2, chart.left), chart.width - chart.right - wide);
    return svg('rect', { class: 'bar', x: at, y: y(d.fixed), width: wide, height: y(0) - y(d.fixed), rx: 1 }, svg('title', {}, `${d.date}: ${d.fixed} fixed, in ${logic.duration(d.mean_seconds)} in the mean`));
  });
  const sum = days.reduce((n, d) => n + d.fixed, 0);
  const said = `${logic.count(sum, 'fix was', 'fixes were')} verified in ${days.length} days.` + (speed.timed ? ` Half of all took at most ${logic.duration(speed.median_seconds)}.` : '');
  return figure('Fixes verified on each day', said, frame(said, bars, parts), ['day', 'fixed', 'mean time to fix'], days.map((d) => [d.date, d.fixed, d.fixed ? logic.duration(d.mean_seconds) : '']));
}

// Bars that lie on their side, stacked by severity, those with most that is critical first. Each is a link to the rows that it counts.
function groupChart(title, groups, facet, label, short = label) {
  const shown = groups.filter((g) => g.open.total > 0).slice(0, 8);
  const most = Math.max(1, ...shown.map((g) => g.open.total));
  const top = shown[0];
  const said = top ? `${label(top.name)} has ${logic.number(top.open.total)} open, ${logic.number(top.open.critical)} of them critical.` : 'Nothing is open.';
  const bars = h('ul', { class: 'bars' }, shown.map((g) => {
    const parts = logic.SEVERITIES.filter((s) => g.open[s] > 0).map((s) => {
      const part = h('i', { class: s });
      part.style.width = (100 * g.open[s]) / most + '%';
      return part;
    });
    const where = logic.formatHash({ view: 'plans', plan: '', q: '', group: 'none', sort: 'urgency', chosen: { [facet]: [label(g.name)] } });
    return h('li', {}, h('a', { href: where }, h('span', { class: 'name', title: label(g.name) }, short(g.name)), h('span', { class: 'stack', 'aria-hidden': 'true' }, parts), h('span', { class: 'n' }, logic.number(g.open.total))));
  }));
  return figure(title, said, bars, [facet, 'open', ...logic.SEVERITIES, 'waiting', 'fixed', 'mean time to fix', 'oldest'],
    groups.map((g) => [label(g.name), g.open.total, ...logic.SEVERITIES.map((s) => g.open[s]), g.waiting, g.fixed.n, g.fixed.timed ? logic.duration(g.fixed.mean_seconds) : '', g.oldest_seconds ? logic.duration(g.oldest_seconds) : '']));
}

// The mean time to fix of each severity. A machine takes seconds and a person days, so the scale grows by factors.
function speedChart(groups) {
  const shown = groups.filter((g) => g.fixed.timed > 0);
  const scale = (s) => Math.log10(Math.max(1, s)) / Math.log10(Math.max(10, ...shown.map((g) => g.fixed.mean_seconds)));
  const said = shown.length ? shown.map((g) => `${g.name}: ${logic.duration(g.fixed.mean_seconds)}`).join(', ') + '. The bars grow by factors of ten.' : 'Nothing was fixed yet.';
  const bars = h('ul', { class: 'bars wide' }, shown.map((g) => {
    const part = h('i', { class: g.name });
    part.style.width = 100 * scale(g.fixed.mean_seconds) + '%';
    return h('li', {}, h('span', { class: 'line' }, h('span', { class: 'name' }, g.name), h('span', { class: 'stack', 'aria-hidden': 'true' }, part), h('span', { class: 'n' }, logic.duration(g.fixed.mean_seconds))));
  }));
  return figure('Mean time to fix, from found to verified', said, bars, ['severity', 'fixed', 'mean', 'median', 'mean exposure'],
    shown.map((g) => [g.name, g.fixed.n, logic.duration(g.fixed.mean_seconds), logic.duration(g.fixed.median_seconds), logic.duration(g.fixed.mean_exposure_seconds)]));
}
