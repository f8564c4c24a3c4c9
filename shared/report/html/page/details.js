// Everything about one row. A panel is the same on the screen, in the review page and on paper.

function section(title, ...children) {
  const kept = children.flat(Infinity).filter(Boolean);
  return kept.length ? h('section', { 'data-title': title }, h('h3', {}, title), kept) : null;
}

function bullets(list) {
  return list?.length ? h('ul', {}, list.map((text) => h('li', {}, text))) : null;
}

// Pairs of a label and what it says; what is empty is left out.
function facts(pairs) {
  const kept = pairs.filter(([, value]) => value);
  return kept.length ? h('dl', { class: 'facts' }, kept.map(([label, value]) => [h('dt', {}, label), h('dd', {}, value)])) : null;
}

function details(row) {
  const panel = h('article', { class: 'details', 'aria-labelledby': 'details-title' });
  const parts = { waiting: waitingPart, exceptions: exceptionPart, refused: refusedPart, fixes: fixPart };
  panel.append(...[headPart(row), parts[row.list]?.(row.item), ...(row.plan ? planPart(row.plan, reviewPart(row)) : [reviewPart(row), whatPart(row)])].flat(Infinity).filter(Boolean));
  return panel;
}

function headPart(row) {
  return h('header', {},
    h('p', { class: 'marks' }, badge(row.severity), chip(row.outcome)),
    h('h2', { id: 'details-title', tabindex: '-1' }, row.resource || row.title),
    row.resource && h('p', { class: 'lead' }, row.title));
}

// What people are asked stands behind what they have to read before they answer.
function planPart(p, review) {
  const control = controls.get(p.control) ?? {};
  const did = ['fixed', 'undone', 'unverified', 'failed'].includes(p.outcome);
  return [
    p.reason && h('p', { class: 'why' }, p.headline + ': ' + p.reason),
    p.violations.length > 0 && section('What is wrong', h('ul', {}, p.violations.map((v) => h('li', {}, h('b', {}, v.where), ': ' + v.reason, v.unsettled && ' (not settled by AWS’s documents: reported, never changed)', v.manual && ' (people have to mend this)')))),
    section(did ? 'What changed' : 'What would change', p.changes.map(changePart)),
    section('Look first', bullets(p.never_auto)),
    section('What could break', disruption(p), p.changes.length > 0 && control.breaks && h('p', {}, control.breaks), bullets(p.notes)),
    p.changes.length > 0 && section('How to undo', undoPart(p, control)),
    review,
    p.advice.map((a) => section('To be done by people: ' + a.title, h('ol', {}, a.steps.map((s) => h('li', {}, s))), facts([['outage', a.outage], ['cost', a.cost]]))),
    section('Why it matters', control.why && h('p', {}, control.why)),
    section('Cause', h('p', {}, p.caused_by), facts([['first seen', logic.time(p.first_seen)], ['known for', p.age_seconds > 0 && logic.duration(p.age_seconds)],
      [p.outcome === 'fixed' ? 'was open for' : 'open for', p.exposure_seconds > 0 && logic.duration(p.exposure_seconds)]])),
    p.decision.mode && section('Decision', h('p', {}, p.decision.mode, p.decision.rule && ' by rule “' + p.decision.rule + '”', p.decision.reason && p.decision.reason !== p.reason && ': ' + p.decision.reason)),
    section('Where', wherePart(p), bullets(p.facts)),
    section('Plan', facts([['hash', p.hash && [h('code', {}, p.hash), copyButton(p.hash, 'the hash')]], ['id', p.id && h('code', {}, p.id)], ['control', p.control + ' v' + p.version],
      ['record', recordOf(p.record)], ['rules', p.rules?.version], ['same', sameElsewhere(control)], ['link', linkTo(p)]])),
  ].flat();
}

function linkTo(p) {
  return h('a', { href: '#plan=' + encodeURIComponent(p.key) }, 'to this plan in this report');
}

// What others call the same thing.
function sameElsewhere(control) {
  const frames = Object.entries(control.frameworks ?? {}).map(([name, ids]) => name + ' ' + ids.join(', '));
  return [...(control.security_hub ?? []).map((id) => 'Security Hub ' + id), ...(control.config_rules ?? []), ...frames].join('; ');
}

function disruption(p) {
  const words = { none: 'Running work is not disturbed.', low: 'Running work is hardly ever disturbed.', high: 'Running work may stop: look at who uses it first.' };
  return p.changes.length > 0 && words[p.disruption] ? h('p', {}, words[p.disruption]) : null;
}

function changePart(c) {
  return h('div', { class: 'change' },
    h('p', {}, c.why),
    c.diff.length > 0 && h('div', { class: 'diff', role: 'group', 'aria-label': 'difference' }, c.diff.map(diffLine)),
    callPart('Exact call', c.call, c.input, true),
    c.undo.map((u) => callPart('Undo call', u.call, u.input)));
}

// A change is two lines, out and in, as in every other diff; the mark says in letters what the colour says.
function diffLine(d) {
  const line = (mark, name, value) => h('div', { class: 'line ' + name }, h('span', { class: 'mark', 'aria-hidden': 'true' }, mark),
    h('span', { class: 'unseen' }, name === 'out' ? 'removed: ' : 'added: '), h('span', { class: 'field' }, d.field + ': '), h('span', {}, value));
  return [d.mark !== '+' && line('−', 'out', d.before), d.mark !== '-' && line('+', 'in', d.after)];
}

// What is going to be called is there to be read before anybody says yes; what would take it back can be unfolded.
function callPart(label, call, input, isOpen) {
  const text = logic.prettyJSON(input);
  return h('details', { class: 'call', open: isOpen }, h('summary', {}, label + ' ', h('code', {}, call)),
    h('div', { class: 'code' }, h('pre', { tabindex: '0' }, text), copyButton(text, 'the input')),
    logic.documents(input).map(([name, doc]) => [h('p', {}, name + ', unfolded:'), h('pre', { tabindex: '0' }, doc)]));
}

function undoPart(p, control) {
  const calls = p.changes.reduce((n, c) => n + c.undo.length, 0);
  return [
    p.undo_command && commandPart(p.undo_command),
    calls > 0 && h('p', {}, logic.count(calls, 'call leads', 'calls lead') + (p.reversible === 'partly' ? ' back as far as the notes say.' : ' back to exactly this state.')),
    calls === 0 && !p.undo_command && h('p', {}, 'No calls that take it back are known.'),
    control.undo && h('p', {}, control.undo),
  ];
}

function commandPart(command) {
  return h('p', { class: 'code' }, h('code', {}, command), copyButton(command, 'the command'));
}

function wherePart(item) {
  const account = report.accounts.find((a) => a.id === item.account);
  const tags = Object.entries(item.tags ?? {}).map(([k, v]) => k + '=' + v).join(', ');
  return facts([['ARN', item.arn && [h('code', {}, item.arn), copyButton(item.arn, 'the ARN')]], ['account', (account?.name ? account.name + ' ' : '') + item.account],
    ['Region', item.region], ['type', item.resource_type], ['owner', ownerOf(item)], ['tags', tags]]);
}

function recordOf(record) {
  return record?.seq ? [h('code', {}, record.chain + '/' + record.seq), ' hash ', h('code', {}, record.hash.slice(0, 12))] : '';
}

// What a row without a plan in this report is about.
function whatPart(row) {
  return row.list === 'exceptions' ? null : section('Where', wherePart(row.item));
}

function waitingPart(w) {
  const now = report.generated;
  const yes = w.given.filter((v) => v.says === 'approve').length;
  const kinds = { plan: 'this plan', undo: 'taking back a fix', exempt: 'an exemption', switch: 'lifting the kill switch', approvers: 'who may approve' };
  return [wasPart(w), section('Waits for a person', facts([
    ['about', kinds[w.kind] ?? w.kind], ['who may decide', w.for.filter(Boolean).join(', ')], ['approvals', w.needed ? yes + ' of ' + w.needed : ''],
    ['asked by', w.requested_by], ['since', w.since && logic.time(w.since) + ' (' + logic.relative(w.since, now) + ')'],
    ['expires', w.expires && logic.time(w.expires) + ' (' + logic.relative(w.expires, now) + '); nothing is changed then'],
    ['hash', w.hash && [h('code', {}, w.hash), copyButton(w.hash, 'the hash')]],
  ]), bullets(w.given.map((v) => v.who + ': ' + v.says + ', ' + logic.time(v.when) + (v.why ? ', ' + v.why : '')))),
  section('What a yes leads to', w.about && h('p', {}, w.about[0].toUpperCase() + w.about.slice(1) + (/[.!?]$/.test(w.about) ? '' : '.')), bullets(w.details), (w.changes ?? []).map(changePart))].filter(Boolean);
}

// What it takes the place of, and why people are asked once more.
function wasPart(w) {
  return [
    w.was && section('Takes the place of another plan', facts([['plan', w.was.plan], ['hash', h('code', {}, w.was.hash.slice(0, 12))]]), bullets(w.was.why),
      (w.was.changed ?? []).length > 0 && h('div', { class: 'diff', role: 'group', 'aria-label': 'what changed' }, w.was.changed.map((line) => diffLine({
        mark: line.startsWith('-') ? '-' : '+', field: line.startsWith('-') ? 'not any more' : 'new', before: line.replace(/^[-+] /, ''), after: line.replace(/^[-+] /, '') })))),
    w.again && section('Asked again', facts([['by', w.again.by || 'somebody at Security Hub'], ['why', w.again.why], ['the time before', w.again.ended]])),
  ];
}

function exceptionPart(e) {
  const held = e.plans.map((key) => plansByKey.get(key)).filter(Boolean);
  return [
    section('Agreed', facts([['reason', e.reason], ['owner', e.owner], ['approved by', e.approver], ['since', logic.time(e.since)],
      ['until', logic.time(e.until) + ' (' + logic.relative(e.until, report.generated) + ')'], ['written in', e.source]])),
    section('Covers', facts([['controls', e.controls.join(', ') || 'all'], ['resources', e.resource || 'all'], ['account', e.account || 'all'], ['Region', e.region || 'all']])),
    section('Holds off now', held.length ? h('ul', {}, held.slice(0, 50).map((p) => h('li', {}, h('a', { href: '#plan=' + encodeURIComponent(p.key) }, p.control + ' on ' + p.resource)))) : h('p', {}, 'nothing'),
      held.length > 50 && h('p', {}, 'and ' + (held.length - 50) + ' more')),
  ];
}

function refusedPart(r) {
  const titles = { rejected: 'Rejected by a person', expired: 'Nobody decided in time', word: 'A word that changed nothing' };
  return section(titles[r.kind] ?? 'Refused', h('p', {}, r.reason), facts([['by', r.by || (r.kind === 'rules' ? 'the rules' : '')], ['said', r.verdict], ['why', r.code && logic.reasonOf(r.code)], ['rule', r.rule],
    ['when', r.when && logic.time(r.when)], ['where', { slack: 'Slack', review: 'review page', cli: 'terminal' }[r.via] ?? r.via], ['record', recordOf(r.record)]]));
}

function fixPart(f) {
  return [
    section('Fix', f.reason && h('p', {}, f.reason), facts([
      [f.outcome === 'fixed' ? 'verified' : 'ended', f.verified && logic.time(f.verified)], ['took', f.took_seconds > 0 && logic.duration(f.took_seconds) + ' from found to verified'],
      ['was open for', f.exposure_seconds > 0 && logic.duration(f.exposure_seconds)], ['calls made', String(f.calls)], ['approved by', f.approver],
      ['taken back', f.undone && logic.time(f.undone)], ['plan', f.hash && h('code', {}, f.hash.slice(0, 12))], ['record', recordOf(f.record)],
    ]), f.undo_command && commandPart(f.undo_command)),
    section('What was wrong', bullets(f.violations?.map((v) => v.where + ': ' + v.reason))),
    section('What was changed', (f.changes ?? []).map(changePart)),
  ];
}
