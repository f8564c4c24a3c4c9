// The first view: what is wrong, what waits, what was done, and whether it gets better.

function overview() {
  const f = report.figures;
  if (report.only) return waitingOnly(f);
  const nameOf = new Map(report.accounts.map((a) => [a.id, a.name ? a.name + ' (' + a.id + ')' : a.id]));
  const same = (name) => name;
  return h('div', { class: 'overview' },
    h('p', { class: 'summary' }, summary(f)),
    h('div', { class: 'cards' }, cards(f)),
    h('div', { class: 'charts' },
      f.days.length > 0 && exposureChart(f.days),
      f.days.length > 0 && fixChart(f.days, f.fixed),
      f.by_severity.some((g) => g.fixed.timed > 0) && speedChart(f.by_severity),
      groupChart('Open by owner, most critical first', f.by_owner, 'owner', same),
      groupChart('Open by account, most critical first', f.by_account, 'account', (id) => nameOf.get(id) ?? id, (id) => report.accounts.find((a) => a.id === id)?.name || id),
      groupChart('Open by control, most critical first', f.by_control, 'control', same)),
    urgent(),
    wordsInVain(f),
    provenance());
}

// Of a report that is made of what waits alone nothing else is known, and nothing else is said: no count of ours would be true.
function waitingOnly(f) {
  const where = 'in these accounts';
  const again = report.refused.filter((r) => r.ask_again).length;
  const link = (view) => logic.formatHash({ view, plan: '', q: '', group: 'none', sort: 'urgency', chosen: {} });
  return h('div', { class: 'overview' },
    h('p', { class: 'summary' }, f.waiting ? `${logic.count(f.waiting, 'question waits', 'questions wait')} for a decision ${where}.` : `Nothing waits for a decision ${where}.`),
    h('div', { class: 'cards' },
      h('a', { class: 'card ' + (f.waiting ? 'warn' : 'none'), href: link('waiting') }, h('b', {}, logic.number(f.waiting)), h('span', {}, 'wait for a person')),
      again > 0 && h('a', { class: 'card plain', href: link('refused') }, h('b', {}, logic.number(again)), h('span', {}, 'can be asked again'), h('small', {}, 'rejected or expired'))),
    h('section', { class: 'provenance' }, h('h2', {}, 'What this page does not know'),
      h('p', {}, `Made ${logic.time(report.generated)} of what waits for people alone. What else is wrong, exempt or fixed, and who owns what, is in the whole report: shoreup review --table PREFIX shows it to who may read the tables, and the daily report has it.`)));
}

// What people said and what changed nothing, by why.
function wordsInVain(f) {
  if (f.refused_words.length === 0) return null;
  const all = f.refused_words.reduce((n, c) => n + c.n, 0);
  const where = logic.formatHash({ view: 'refused', plan: '', q: '', group: 'none', sort: 'urgency', chosen: { outcome: ['Word changed nothing'] } });
  return h('section', { class: 'provenance words' }, h('h2', {}, 'Words that changed nothing'),
    h('p', {}, h('a', { href: where }, logic.count(all, 'word of a person', 'words of people') + ' changed nothing'), '. Each is on record.'),
    h('ul', {}, f.refused_words.map((c) => h('li', {}, logic.number(c.n) + ' ' + logic.reasonOf(c.name)))));
}

function summary(f) {
  const parts = [f.open.total ? `${logic.count(f.open.total, 'thing is', 'things are')} wrong in ${logic.count(report.accounts.length, 'account', 'accounts')}` : 'Nothing is wrong'];
  if (f.open.critical) parts[0] += `, ${logic.number(f.open.critical)} of them critical`;
  if (f.waiting) parts.push(`${logic.count(f.waiting, 'waits', 'wait')} for a person`);
  if (f.ending_soon) parts.push(`${logic.count(f.ending_soon, 'exception runs', 'exceptions run')} out within 14 days`);
  if (f.fixed.n) parts.push(logic.count(f.fixed.n, 'was', 'were') + ' fixed' + (f.fixed.timed ? `, half of them within ${logic.duration(f.fixed.median_seconds)}` : ''));
  if (f.unseen) parts.push(`${logic.count(f.unseen, 'could', 'could')} not be seen`);
  return parts.join('. ') + '.';
}

function cards(f) {
  const link = (state) => logic.formatHash({ view: 'plans', plan: '', q: '', group: 'none', sort: 'urgency', chosen: {}, ...state });
  const card = (n, label, state, tone, more) => h('a', { class: 'card ' + (n ? tone : 'none'), href: link(state) }, h('b', {}, n.toLocaleString('en')), h('span', {}, label), more && h('small', {}, more));
  // The count is of what is open, and so is what the link shows.
  const open = [...new Set(report.plans.filter((p) => p.open).map((p) => p.headline))];
  return [
    logic.SEVERITIES.map((s) => card(f.open[s], s, { chosen: { severity: [s], outcome: open } }, s)),
    card(f.waiting, 'wait for a person', { view: 'waiting' }, 'warn'),
    card(report.exceptions.filter((e) => !e.ended).length, 'exceptions in force', { view: 'exceptions' }, 'plain', exceptionsToo(f)),
    (report.since || f.fixed.n > 0) && card(f.fixed.n, 'fixed and verified', { view: 'fixes' }, 'good', f.fixed.timed ? 'in ' + logic.duration(f.fixed.mean_seconds) + ' in the mean' : ''),
    f.not_fixed > 0 && card(f.not_fixed, 'not fixed', { view: 'fixes', chosen: { outcome: ['Failed', 'Not verified'] } }, 'bad', 'failed or not verified'),
    f.unseen > 0 && card(f.unseen, 'not seen', { chosen: { outcome: ['Cannot see', 'Could not judge'] } }, 'bad', 'nobody knows'),
  ];
}

function exceptionsToo(f) {
  const ended = report.exceptions.filter((e) => e.ended).length;
  return [f.ending_soon && logic.count(f.ending_soon, 'runs', 'run') + ' out soon', ended && logic.count(ended, 'more has', 'more have') + ' ended'].filter(Boolean).join(', ');
}

// The report comes in the order of urgency; people get the worst of what is open.
function urgent() {
  const top = logic.sort(report.plans.filter((p) => p.open).map((p) => rowsByKey.get(p.key)), 'severity').slice(0, 6);
  if (top.length === 0) return null;
  return h('section', { class: 'urgent' }, h('h2', {}, 'Look at these first'), h('ul', {}, top.map((row) => h('li', {}, h('a', { href: '#plan=' + encodeURIComponent(row.key) }, drawRow(row))))));
}

function provenance() {
  return h('section', { class: 'provenance' }, h('h2', {}, 'Where this comes from'),
    h('p', {}, `Made ${logic.time(report.generated)}` + (report.since ? `, from a log that begins ${logic.time(report.since)}` : ', without a log: there is no trend') + '. ',
      'Rules ', h('code', {}, report.rules.version || 'none'), ', hash ', h('code', {}, (report.rules.hash || 'none').slice(0, 12)), '. ',
      report.figures.in_order >= 0 && `${report.figures.in_order.toLocaleString('en')} were in order.`),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Accounts' }, h('table', {},
      h('thead', {}, h('tr', {}, ['account', 'name', 'Regions', 'audit head', 'hash'].map((c) => h('th', { scope: 'col' }, c)))),
      h('tbody', {}, report.accounts.map((a) => h('tr', {}, h('th', { scope: 'row' }, a.id), h('td', {}, a.name ?? ''), h('td', {}, (a.regions ?? []).join(', ')),
        h('td', {}, a.head?.seq ? a.id + '/' + a.head.seq : ''), h('td', {}, a.head?.hash ? [h('code', {}, a.head.hash.slice(0, 12)), copyButton(a.head.hash, 'the head of ' + a.id)] : '')))))));
}
