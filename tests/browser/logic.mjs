// The pure functions of the page, without a browser: node logic.mjs LOGIC_JS REPORT_HTML.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import assert from 'node:assert/strict';

const [source, page] = process.argv.slice(2);
const logic = vm.runInThisContext(readFileSync(source, 'utf8') + '\nlogic;');
const report = JSON.parse(/<script type="application\/json" id="report">([^<]*)<\/script>/.exec(readFileSync(page, 'utf8'))[1]);
const rows = logic.rows(report);
const keys = (list) => list.map((r) => r.key);

const cases = {
  'durations read as elsewhere'() {
    for (const [seconds, want] of [[0.4, 'under 1 s'], [41.3, '41 s'], [200, '3 min 20 s'], [7200, '2 h'], [7205, '2 h'], [367200, '4 d 6 h'], [-1, 'unknown'], [NaN, 'unknown']]) assert.equal(logic.duration(seconds), want);
  },
  'times are relative to the report'() {
    assert.equal(logic.relative('2026-11-24T10:00:00Z', '2026-11-22T10:00:00Z'), 'in 2 d');
    assert.equal(logic.relative('2026-11-22T09:00:00Z', '2026-11-22T10:00:00Z'), '1 h ago');
    assert.equal(logic.relative('', '2026-11-22T10:00:00Z'), '');
    assert.equal(logic.time('2026-11-22T10:30:59Z'), '2026-11-22 10:30 UTC');
  },
  'what cannot be seen is spelled out'() {
    assert.equal(logic.visible('a\u202eb\u200bc\u0000\u2028d\n\u{e0001}é😀'), 'a\\u202eb\\u200bc\\u0000\\u2028d\n\\U000e0001é😀');
  },
  'policies are unfolded'() {
    assert.deepEqual(logic.documents({ Policy: '{"a":1}', Name: 'x', Odd: '{not', N: 1 }), [['Policy', '{\n  "a": 1\n}']]);
    assert.deepEqual(logic.documents(null), []);
  },
  'all lists become rows'() {
    for (const list of logic.LISTS) assert.equal(rows[list].length, report[list].length, list);
    assert.ok(rows.waiting.some((r) => r.plan) && rows.fixes.every((r) => r.outcome));
  },
  'the search wants every word'() {
    const first = rows.plans[0];
    const found = logic.filter(rows.plans, first.resource.toUpperCase() + ' ' + first.control, {});
    assert.ok(keys(found).includes(first.key) && found.length < rows.plans.length);
    assert.equal(logic.filter(rows.plans, 'no such thing anywhere', {}).length, 0);
    assert.equal(logic.filter(rows.plans, '  ', {}).length, rows.plans.length);
    const hash = report.plans.find((p) => p.hash).hash;
    assert.equal(logic.filter(rows.plans, hash.slice(0, 20), {}).length, 1);
  },
  'facets are or within and and between'() {
    const both = logic.filter(rows.plans, '', { severity: ['high', 'low'], region: ['eu-west-1'] });
    const want = report.plans.filter((p) => ['high', 'low'].includes(p.severity) && p.region === 'eu-west-1').map((p) => p.key);
    assert.deepEqual(keys(both), want);
    assert.ok(want.length > 0);
  },
  'a facet counts what each value would leave'() {
    const counts = logic.facet(rows.plans, 'severity', '', { severity: ['low'], region: ['eu-west-1'] });
    assert.deepEqual(counts.map((c) => c.value), ['critical', 'high', 'medium', 'low']);
    for (const { value, n } of counts) assert.equal(n, report.plans.filter((p) => p.severity === value && p.region === 'eu-west-1').length);
  },
  'sorting is stable and changes nothing'() {
    const before = keys(rows.plans);
    const sorted = logic.sort(rows.plans, 'severity');
    for (let i = 1; i < sorted.length; i++) {
      assert.ok(sorted[i - 1].rank < sorted[i].rank || (sorted[i - 1].rank === sorted[i].rank && before.indexOf(sorted[i - 1].key) < before.indexOf(sorted[i].key)));
    }
    assert.deepEqual(keys(rows.plans), before);
    assert.equal(logic.sort(rows.plans, 'urgency'), rows.plans);
    const exposure = logic.sort(rows.plans, 'exposure');
    assert.ok(exposure[0].exposure >= exposure[1].exposure && exposure[0].exposure > 0);
  },
  'groups have heads and can be folded'() {
    const owner = rows.plans[0].owner;
    const open = logic.group(rows.plans, 'owner', new Set());
    const heads = open.filter((e) => !e.row);
    assert.equal(open.length, rows.plans.length + heads.length);
    assert.equal(heads.reduce((n, head) => n + head.n, 0), rows.plans.length);
    const folded = logic.group(rows.plans, 'owner', new Set([owner]));
    assert.equal(folded.length, open.length - heads[0].n);
    assert.deepEqual([folded[0].name, folded[0].isOpen, folded[1].row], [owner, false, undefined]);
    assert.equal(logic.group(rows.plans, 'none', new Set()).length, rows.plans.length);
  },
  'only what is visible is drawn'() {
    assert.deepEqual(logic.visibleRange(0, 600, 60, 10000, 5), [0, 15]);
    assert.deepEqual(logic.visibleRange(6000, 600, 60, 10000, 5), [95, 115]);
    assert.deepEqual(logic.visibleRange(600000, 600, 60, 10000, 5), [9995, 10000]);
    assert.deepEqual(logic.visibleRange(0, 600, 60, 3, 5), [0, 3]);
    assert.deepEqual(logic.visibleRange(9e9, 600, 60, 0, 5), [0, 0]);
  },
  'a hash means one row'() {
    const plan = report.plans.find((p) => p.hash && p.outcome === 'reported');
    assert.deepEqual(logic.byHash(rows, 'plans', plan.hash.slice(0, 16)), { view: 'plans', key: plan.key });
    assert.deepEqual(logic.byHash(rows, 'overview', plan.hash), { view: 'plans', key: plan.key });
    assert.equal(logic.byHash(rows, 'plans', 'f'.repeat(64)), null);
    assert.equal(logic.byHash({ plans: [rows.plans[0], rows.plans[0]] }, 'plans', ''), null, 'several are none');
    for (const [text, want] of [['0123abcd', true], ['0123abc', false], ['0123ABCD', false], ['0'.repeat(65), false], ['photos', false]]) assert.equal(logic.isHash(text), want);
    assert.equal(logic.reasonOf('no-such-code'), 'no-such-code');
  },
  'the address holds the state'() {
    const state = { view: 'waiting', plan: 'p-1 &=#/é', q: 'a b', group: 'owner', sort: 'age', chosen: { severity: ['high', 'low'], owner: ['-2+3'] } };
    assert.deepEqual(logic.parseHash(logic.formatHash(state)), state);
    assert.deepEqual(logic.parseHash('#plan=p-1'), { view: 'plans', plan: 'p-1', q: '', group: 'none', sort: 'urgency', chosen: {} });
    assert.equal(logic.parseHash('#view=constructor&evil=1').view, 'overview');
    assert.equal(logic.formatHash(logic.parseHash('')), '#');
  },
};

for (const [name, check] of Object.entries(cases)) {
  try {
    check();
  } catch (err) {
    console.error(name + ': ' + err.stack);
    process.exitCode = 1;
  }
}
console.log(Object.keys(cases).length + ' groups of cases passed');
