// What people do with the page.
import assert from 'node:assert/strict';

const data = (page) => page.evaluate(() => JSON.parse(document.getElementById('report').textContent));
const found = async (page) => Number((await page.innerText('#found')).replaceAll(',', '').match(/^\d+/)[0]);

export const use = {
  async 'search finds, and says how many'({ open }) {
    const page = await open('sample.html', { hash: '#view=plans' });
    const plan = (await data(page)).plans.find((p) => p.resource.startsWith('acme-'));
    await page.fill('#search', plan.resource);
    assert.equal(await found(page), 1);
    assert.equal(await page.innerText('#list .row .name'), plan.resource);
    await page.fill('#search', 'there is nothing like this');
    assert.ok(await page.isVisible('#empty'));
    await page.click('#clear');
    assert.equal(await found(page), (await data(page)).plans.length);
  },

  async 'filters and their counts agree with the data'({ open }) {
    const page = await open('sample.html', { hash: '#view=plans' });
    const plans = (await data(page)).plans;
    const critical = plans.filter((p) => p.severity === 'critical');
    await page.click('[data-facet=severity] summary');
    assert.match(await page.innerText('[data-facet=severity] .menu label >> nth=0'), new RegExp(`critical\\s+${critical.length}$`));
    await page.click('[data-facet=severity] .menu label >> nth=0');
    assert.equal(await found(page), critical.length);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.facet[open]').count(), 0);
    await page.click('[data-facet=region] summary');
    await page.click('[data-facet=region] .menu label:has-text("us-east-1")');
    const both = critical.filter((p) => p.region === 'us-east-1').length;
    assert.equal(await found(page), both);
    assert.match(page.url(), /severity=critical&|region=us-east-1/);
    await page.reload();
    await page.waitForSelector('html.ready');
    assert.equal(await found(page), both, 'the address keeps the filters');
    // A card of the overview leads to just what it counts.
    await page.click('[data-view=overview]');
    const card = page.locator('.card').first();
    const n = Number((await card.locator('b').innerText()).replaceAll(',', ''));
    await card.click();
    assert.equal(await found(page), n);
  },

  async 'groups fold and unfold'({ open }) {
    const page = await open('sample.html', { hash: '#view=plans' });
    await page.selectOption('#group', 'account');
    assert.equal(await page.getAttribute('#list', 'role'), 'tree');
    const head = page.locator('#list .head').first();
    assert.equal(await head.getAttribute('aria-expanded'), 'true');
    await head.click();
    assert.equal(await page.locator('#list .head').first().getAttribute('aria-expanded'), 'false');
    assert.equal(await page.locator('#row-1').getAttribute('class'), 'head', 'the next group follows at once');
    await page.focus('#list');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('#list .head').first().getAttribute('aria-expanded'), 'true');
  },

  async 'the keyboard reaches everything'({ open }) {
    const page = await open('sample.html');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'view');
    await page.keyboard.press('?');
    assert.ok(await page.isVisible('#help'));
    await page.keyboard.press('Escape');
    assert.ok(!await page.isVisible('#help'));
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
    await page.keyboard.type('j/k?');
    assert.equal(await page.inputValue('#search'), 'j/k?', 'letters are letters while typing');
    await page.keyboard.press('Escape');
    assert.equal(await page.inputValue('#search'), '');
    await page.keyboard.press('Escape');
    for (const key of ['j', 'j', 'k', 'j', 'Enter']) await page.keyboard.press(key);
    const plans = (await data(page)).plans;
    assert.equal(await page.innerText('#details-title'), plans[1].resource);
    await page.keyboard.press('j');
    assert.equal(await page.innerText('#details-title'), plans[2].resource, 'open details follow');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#details-title').count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'list');
    await page.keyboard.press('6');
    assert.equal(await page.getAttribute('#tab-fixes', 'aria-selected'), 'true');
    await page.focus('#tab-fixes');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'tab-overview', 'arrows turn around');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.getAttribute('#tab-refused', 'aria-selected'), 'true');
    // Every control shows that it has the focus.
    for (const id of ['search', 'group', 'list', 'theme']) {
      await page.focus('#' + id);
      await page.keyboard.press('Shift');
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none', id);
    }
  },

  async 'links lead to a plan'({ open }) {
    const first = await open('sample.html');
    const plan = (await data(first)).plans.find((p) => p.changes.length && p.hash);
    const page = await open('sample.html', { hash: '#plan=' + encodeURIComponent(plan.key) });
    assert.equal(await page.innerText('#details-title'), plan.resource);
    assert.ok((await page.innerText('#details')).includes(plan.hash));
    assert.equal(await page.getAttribute('#list .row[aria-selected=true]', 'aria-selected'), 'true');
    await page.click('[data-view=waiting]');
    await page.click('#list .row >> nth=1');
    await page.goBack();
    await page.goBack();
    await page.waitForFunction((name) => document.getElementById('details-title')?.textContent === name, plan.resource);
    await page.evaluate(() => { location.hash = '#plan=no-such-plan'; });
    await page.waitForSelector('.hint');
  },

  async 'details show all of a plan'({ open }) {
    const first = await open('sample.html');
    const report = await data(first);
    const plan = report.plans.find((p) => p.changes.length && p.outcome === 'awaiting_approval' && p.never_auto.length && p.control === 's3-bucket-public' && p.cause.actor);
    const page = await open('sample.html', { hash: '#plan=' + encodeURIComponent(plan.key) });
    const text = await page.evaluate(() => document.getElementById('details').textContent);
    const diff = plan.changes[0].diff[0];
    for (const want of [plan.title, plan.reason, plan.violations[0].reason, plan.changes[0].why, plan.changes[0].call, diff.field, diff.before, plan.never_auto[0], plan.notes[0], plan.caused_by, plan.decision.rule, plan.hash, plan.id, plan.arn, plan.owner,
      'What could break', 'How to undo', plan.changes[0].undo[0].call, 'Policy, unfolded:', '"Sid": "Partner"', report.controls.find((c) => c.id === plan.control).breaks]) assert.ok(text.includes(want), want);
    assert.deepEqual(JSON.parse(await page.innerText('.call pre >> nth=0')), plan.changes[0].input);
    for (const [view, wants] of Object.entries({ waiting: ['who may decide', 'security-on-call', 'approvals', 'expires'], exceptions: ['Holds off now', 'written in', 'until'], refused: ['Refused', 'rule'], fixes: ['verified', 'took', 'shoreup undo'] })) {
      await page.click(`[data-view=${view}]`);
      const rows = page.locator('#list .row');
      await (view === 'refused' ? rows.filter({ has: page.locator('.chip', { hasText: /^Refused$/ }) }).first() : rows.nth(1)).click();
      const said = await page.innerText('#details');
      for (const want of wants) assert.ok(said.includes(want), `${view}: ${want} in ${said}`);
    }
  },

  async 'a hash opens its plan'({ open }) {
    const report = await data(await open('sample.html'));
    const plan = report.plans.find((p) => p.hash && p.outcome === 'awaiting_approval');
    for (const hash of [`#q=${plan.hash}&view=plans`, `#q=${plan.hash.slice(0, 12)}&view=plans`, `#q=${plan.hash}`]) {
      const page = await open('sample.html', { hash });
      assert.equal(await page.innerText('#details-title'), plan.resource, hash);
      assert.ok((await page.innerText('#details')).includes(plan.hash), hash);
    }
    const other = report.waiting.find((w) => w.kind === 'switch');
    const page = await open('sample.html', { hash: `#q=${other.hash}&view=plans` });
    assert.equal(await page.innerText('#details-title'), 'Lift the kill switch', 'what is no plan is found as well');
    const unknown = await open('sample.html', { hash: '#q=' + '0123456789abcdef'.repeat(4) + '&view=plans' });
    assert.match(await unknown.innerText('#empty'), /^No plan of this report has the hash 0123456789abcdef.*newer than the report, which was made 2026-11-22 14:30 UTC.*shoreup review/);
    assert.equal(await unknown.locator('#details-title').count(), 0);
  },

  async 'what people did not want'({ open }) {
    const page = await open('sample.html');
    const report = await data(page);
    const words = report.figures.refused_words;
    assert.ok(words.length > 1);
    const said = await page.innerText('.words');
    for (const { n } of words) assert.ok(said.includes(n + ' said '), said);
    await page.click('.words a');
    assert.equal(await found(page), words.reduce((n, c) => n + c.n, 0));
    const no = report.refused.find((r) => r.kind === 'rejected');
    await page.evaluate((k) => { location.hash = '#view=refused&plan=' + encodeURIComponent(k); }, no.key);
    await page.waitForFunction((t) => document.getElementById('details-title')?.textContent === t, no.resource);
    const text = await page.innerText('#details');
    for (const want of ['Rejected by a person', 'the site needs it until the move', 'ann', 'Slack', no.when.slice(11, 16)]) assert.ok(text.includes(want), `${want} in ${text}`);
    await page.fill('#search', 'ann until the move');
    assert.equal(await found(page), report.refused.filter((r) => r.kind === 'rejected').length);
  },

  async 'what takes the place of another plan'({ open }) {
    const first = await open('sample.html');
    const report = await data(first);
    const was = report.waiting.find((w) => w.was);
    const again = report.waiting.find((w) => w.again);
    for (const [w, wants] of [[was, ['Takes the place of another plan', 'the resource changed: policy', was.was.hash.slice(0, 12), 'statement 3 (Sid "Old")']], [again, ['Asked again', 'bob', 'the move is over', 'rejected by ann: not before the move']]]) {
      const page = await open('sample.html', { hash: '#view=waiting&plan=' + encodeURIComponent(w.key) });
      const text = await page.innerText('#details');
      for (const want of wants) assert.ok(text.includes(want), `${want} in ${text}`);
    }
  },

  async 'a page of what waits says no more than it knows'({ open }) {
    const none = await open('none.html');
    assert.equal(await none.innerText('.summary'), 'Nothing waits for a decision in these accounts.');
    const page = await open('waiting.html');
    assert.equal(await page.innerText('.summary'), '3 questions wait for a decision in these accounts.');
    assert.deepEqual(await page.locator('[role=tab]').evaluateAll((tabs) => tabs.map((t) => t.dataset.view)), ['overview', 'waiting', 'refused']);
    const text = await page.innerText('body');
    for (const never of ['fixed', 'Fixes', 'Nothing is wrong', 'owner', 'exceptions']) assert.ok(!text.replace(/What else is wrong, exempt or fixed.*/s, '').includes(never), `${never} in ${text}`);
    for (const want of ['you decide as sso:ann@example.com', 'What this page does not know', 'can be asked again']) assert.ok(text.includes(want), `${want} in ${text}`);
    await page.click('[data-view=waiting]');
    await page.locator('#list .row').first().click();
    const details = await page.innerText('#details');
    assert.ok(details.includes('You decide as sso:ann@example.com') && !/owner\W+unknown/.test(details), details);
    const order = await page.evaluate(() => [...document.querySelectorAll('#details .change > *')].map((e) => e.className || e.tagName));
    assert.deepEqual(order.slice(0, 3), ['P', 'diff', 'call'], 'the difference is read before the calls');
    assert.ok(await page.locator('#details .call pre').first().isVisible(), 'the exact call is there to be read');
    await page.click('[data-view=refused]');
    await page.locator('#list .row').first().click();
    assert.equal(await page.innerText('.review h3'), 'Ask again');
    assert.equal(await page.locator('.review button').count(), 1);
  },

  async 'copy buttons copy'({ open }) {
    const first = await open('sample.html');
    const plan = (await data(first)).plans.find((p) => p.undo_command);
    const page = await open('sample.html', { hash: '#plan=' + encodeURIComponent(plan.key) });
    for (const [what, text] of [['the command', plan.undo_command], ['the hash', plan.hash]]) {
      await page.click(`button[aria-label="Copy ${what}"]`);
      await page.waitForFunction((t) => document.getElementById('said').textContent === 'copied: ' + t, text);
      const got = await page.evaluate(() => navigator.clipboard.readText().catch(() => null));
      if (got !== null) assert.equal(got, text);
    }
  },
};
