// What people see and hear, on screens, phones and paper.
import assert from 'node:assert/strict';
import { join } from 'node:path';

// The contrast of every visible text with the ground that it stands on (WCAG 2.2, 1.4.3: 4.5 to 1, large text 3 to 1). Runs in the page.
function poorContrast() {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const groundOf = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 250) return color;
    }
    return rgba('white');
  };
  const poor = new Map();
  let n = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || e.closest('script, style, .unseen, .skip')) continue;
    const style = getComputedStyle(e);
    const [a, b] = [luminance(rgba(e instanceof SVGElement ? style.fill : style.color)), luminance(groundOf(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    n++;
    if (ratio < (isLarge ? 3 : 4.5)) poor.set(`${e.tagName}.${e.getAttribute('class')} ${style.color} on ${[...groundOf(e)].slice(0, 3)}: ${ratio.toFixed(2)}`, walker.currentNode.textContent.slice(0, 30));
  }
  return { n, poor: [...poor] };
}

export const looks = {
  async 'light and dark have contrast'({ open, figure }) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open('sample.html', { colorScheme });
      let n = 0;
      const look = async (where) => {
        const got = await page.evaluate(poorContrast);
        assert.deepEqual(got.poor, [], `${colorScheme}, ${where}`);
        n += got.n;
      };
      await look('overview');
      for (const view of ['plans', 'waiting', 'exceptions', 'refused', 'fixes']) {
        await page.click(`[data-view=${view}]`);
        await page.locator('#list .row').nth(1).click();
        await look(view);
      }
      await page.keyboard.press('?');
      await look('help');
      await page.keyboard.press('Escape');
      figure(`${colorScheme}: ${n} texts have the contrast of AA`);
      await page.click('#theme');
      const ground = await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
      assert.equal(ground, colorScheme === 'light' ? 'dark' : 'light');
      await look('after the switch');
    }
  },

  async 'names and roles for those who listen'({ open }) {
    const page = await open('sample.html');
    for (const view of ['overview', 'plans', 'waiting', 'fixes']) {
      await page.click(`[data-view=${view}]`);
      if (view !== 'overview') await page.locator('#list .row').nth(1).click();
      const wrong = await page.evaluate(() => {
        const out = [];
        const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
        for (const id of ids) if (ids.filter((x) => x === id).length > 1) out.push('two elements are called ' + id);
        for (const e of document.querySelectorAll('button, a[href], input, select, [role=region], [role=tab], svg, dialog')) {
          if (!e.checkVisibility()) continue;
          const name = e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.labels?.[0]?.textContent || e.textContent;
          if (!name.trim()) out.push('no name: ' + e.outerHTML.slice(0, 80));
        }
        for (const e of document.querySelectorAll('[aria-labelledby], [aria-controls], [aria-activedescendant]')) {
          for (const attribute of ['aria-labelledby', 'aria-controls', 'aria-activedescendant']) {
            const id = e.getAttribute(attribute);
            if (id && !document.getElementById(id)) out.push(`${attribute} names ${id}, which is not there`);
          }
        }
        const levels = [...document.querySelectorAll('h1, h2, h3')].filter((e) => e.checkVisibility()).map((e) => Number(e.tagName[1]));
        levels.forEach((l, i) => { if (i > 0 && l > levels[i - 1] + 1) out.push('a heading is skipped: ' + levels.join()); });
        for (const f of document.querySelectorAll('figure.chart')) if (!f.querySelector('table') || !f.querySelector('.said').textContent) out.push('a chart without words or numbers');
        return out;
      });
      assert.deepEqual(wrong, [], view);
    }
    const row = page.locator('#list .row').first();
    for (const attribute of ['role', 'aria-posinset', 'aria-setsize', 'aria-selected']) assert.ok(await row.getAttribute(attribute), attribute);
    assert.equal(await page.getAttribute('html', 'lang'), 'en');
  },

  async 'a phone shows it'({ open }) {
    const page = await open('sample.html', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const fits = async (where) => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 390, `${where}: ${wide} px wide`);
    };
    await fits('overview');
    await page.tap('[data-view=plans]');
    await fits('list');
    await page.tap('#list .row >> nth=2');
    assert.ok(await page.isVisible('#details-title') && !await page.isVisible('#list'));
    await fits('details');
    await page.tap('#back');
    assert.ok(await page.isVisible('#list'));
    await page.tap('[data-facet=severity] summary');
    const menu = await page.locator('[data-facet=severity] .menu').boundingBox();
    assert.ok(menu.x >= 0 && menu.x + menu.width <= 390, JSON.stringify(menu));
    // All parts are in sight, and long names in two lines.
    for (const tab of await page.locator('[role=tab]').all()) {
      const box = await tab.boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= 390, await tab.innerText());
    }
    const cut = await page.evaluate(() => [...document.querySelectorAll('#list .row .name')].filter((e) => e.textContent.length <= 45 && e.scrollHeight > e.clientHeight + 1).map((e) => e.textContent));
    assert.deepEqual(cut, []);
  },

  async 'paper has every row'({ open, file, dir }) {
    const page = await open('sample.html', { hash: '#view=plans&severity=high&region=us-east-1' });
    const n = Number((await page.innerText('#found')).match(/^\d+/)[0]);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    assert.equal(await page.locator('#paper .details').count(), n);
    assert.equal(await page.locator('#paper details[open]').count(), 0, 'calls are named and not written out');
    for (const gone of ['#lists', '.tools', '#tabs', '#paper .copy', '#paper [data-title="Why it matters"]']) assert.ok(!await page.locator(gone).first().isVisible(), gone);
    assert.ok(await page.locator('#paper .diff').first().isVisible());
    assert.ok(!await page.locator('#paper pre').first().isVisible());
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
    assert.equal(await page.locator('#paper .details').count(), 0);
    await page.pdf({ path: file(join(dir, 'print.pdf')), format: 'A4' });
  },

  async 'screenshots'({ open, file, dir }) {
    const shot = async (name, options, act) => {
      const page = await open(options.name ?? 'sample.html', options);
      await act?.(page);
      await page.screenshot({ path: file(join(dir, name)), fullPage: !options.hash });
    };
    const details = (page) => page.locator('#list .row').nth(3).click();
    await shot('overview-light.png', {});
    await shot('overview-dark.png', { colorScheme: 'dark' });
    await shot('findings-light.png', { hash: '#view=plans&outcome=Would+fix' }, details);
    await shot('waiting-dark.png', { hash: '#view=waiting', colorScheme: 'dark' }, details);
    await shot('groups-light.png', { hash: '#view=plans&group=owner' }, (page) => page.click('[data-facet=control] summary'));
    await shot('fixes-light.png', { hash: '#view=fixes' }, details);
    const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
    await shot('phone-overview.png', phone);
    await shot('phone-list.png', { ...phone, hash: '#view=plans' });
    await shot('refused-light.png', { hash: '#view=refused' }, details);
    await shot('waiting-only-light.png', { name: 'waiting.html', hash: '#view=waiting' }, (page) => page.locator('#list .row').first().click());
    await shot('waiting-only-dark.png', { name: 'waiting.html', colorScheme: 'dark' });
    await shot('phone-details.png', { ...phone, hash: '#view=plans&outcome=Would+fix' }, details);
  },
};
