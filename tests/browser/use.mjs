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
    await page.click('.call summary >> nth=0');
    assert.deepEqual(JSON.parse(await page.innerText('.call pre >> nth=0')), plan.changes[0].input);
    for (const [view, wants] of Object.entries({ waiting: ['who may decide', 'security-on-call', 'approvals', 'expires'], exceptions: ['Holds off now', 'written in', 'until'], refused: ['Refused', 'rule'], fixes: ['verified', 'took', 'shoreup undo'] })) {
      await page.click(`[data-view=${view}]`);
      await page.locator('#list .row').nth(1).click();
      const said = await page.innerText('#details');
      for (const want of wants) assert.ok(said.includes(want), `${view}: ${want} in ${said}`);
    }
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
