// Plays one person's visit to the review page: node decide.mjs MODULES_FOLDER BROWSER VISIT_AS_JSON. Prints what was seen as a line of JSON.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modules, executablePath, plan] = process.argv.slice(2);
const visit = JSON.parse(plan);
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core');
// The pages are our own and a container has no user namespaces: the browser's sandbox would protect nothing here.
const args = ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', ...(process.env.SHOREUP_HEADLESS_SHELL ? ['--headless=shell', '--no-zygote'] : [])];
const browser = await chromium.launch({ executablePath, args });
const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, locale: 'en-GB', reducedMotion: 'reduce' });
const page = await context.newPage();
const seen = { who: visit.who, forged: [], waiting: [], answers: {} };
let shots = 0;
page.on('pageerror', (err) => console.error('the page failed:', err.message));

async function shot(name) {
  if (visit.keep) await page.screenshot({ path: join(visit.keep, `review-${visit.who}-${++shots}-${name}.png`) });
}

async function show(view) {
  await page.evaluate((v) => { location.hash = '#view=' + v; }, view);
  await page.waitForSelector('#list [role=row], #list .row, #list button', { timeout: 10_000 }).catch(() => {});
}

// What the page holds of what waits.
const waiting = () => page.evaluate(() => JSON.parse(document.getElementById('report').textContent).waiting.map((w) => w.resource).sort());

// Requests that a page other than this one, or a script without its token, could send with this browser's cookie.
async function forge() {
  const { endpoint, token, word } = await page.evaluate(() => {
    const meta = document.querySelector('meta[name="shoreup-review"]');
    const w = JSON.parse(document.getElementById('report').textContent).waiting.find((one) => one.kind === 'plan');
    const p = JSON.parse(document.getElementById('report').textContent).plans.find((one) => one.key === w.plan);
    return { endpoint: new URL(meta.dataset.endpoint, location.href).href, token: meta.content, word: { verdict: 'approve', plan: p.id, hash: p.hash, occurrence: p.occurrence, approval: w.approval, reason: '', until: '' } };
  });
  const body = JSON.stringify(word);
  const json = { 'Content-Type': 'application/json' };
  const send = (where, name, address, options) => where.evaluate(([n, a, o]) => fetch(a, o).then((r) => `${n}: ${r.status || 'not answered'}`, () => `${n}: not answered`), [name, address, options]);
  seen.forged.push(
    await send(page, 'no token', endpoint, { method: 'POST', headers: json, body }),
    await send(page, 'another token', endpoint, { method: 'POST', headers: { ...json, 'X-Shoreup-Token': token.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) }, body }),
    await send(page, 'another method', endpoint, { method: 'PUT', headers: { ...json, 'X-Shoreup-Token': token }, body }),
    await send(page, 'as a form', endpoint, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(word).toString() }),
    await send(page, 'no JSON', endpoint, { method: 'POST', headers: { 'Content-Type': 'text/plain', 'X-Shoreup-Token': token }, body }),
  );
  // Another site that somehow knows the token, opened in the same browser with the same cookies.
  const site = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>elsewhere</title>'));
  await new Promise((done) => site.listen(0, '127.0.0.1', done));
  const other = await context.newPage();
  await other.goto(`http://127.0.0.1:${site.address().port}/`);
  const headers = { ...json, 'X-Shoreup-Token': token };
  seen.forged.push(
    await send(other, 'from another origin', endpoint, { method: 'POST', credentials: 'include', headers, body }),
    await send(other, 'from another origin without CORS', endpoint, { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'text/plain' }, body }),
  );
  // A name that an attacker points to this machine.
  const named = await context.newPage();
  const answer = await named.goto(endpoint.replace('127.0.0.1', 'localhost')).catch(() => null);
  seen.forged.push(`by another name: ${answer ? answer.status() : 'not answered'}`);
  await other.close();
  await named.close();
  site.close();
}

async function act(resource, verdict) {
  await show(visit.view);
  const key = await page.evaluate(([view, name]) => all[view].find((row) => row.resource === name)?.key, [visit.view, resource]);
  await page.evaluate(([view, k]) => { location.hash = '#view=' + view + '&plan=' + encodeURIComponent(k); }, [visit.view, key]);
  await page.waitForSelector('.review');
  await shot('before-' + verdict);
  if (verdict !== 'approve') await page.fill('#review-reason', 'the site needs it');
  const button = page.locator('.review .' + verdict);
  await button.click();
  await button.click(); // the first press asks, the second means it
  await page.waitForFunction(() => /^(Recorded|Not accepted|Not sent)/.test(document.querySelector('.answer').textContent), undefined, { timeout: 40_000 });
  seen.answers[resource] = await page.innerText('.answer');
  await shot('after-' + verdict);
}

try {
  await page.goto(visit.link);
  await page.waitForSelector('html.ready', { timeout: 30_000 });
  if (visit.view === 'waiting') {
    await forge();
    await page.reload();
    await page.waitForSelector('html.ready');
    seen.waiting = await waiting();
  }
  for (const [resource, verdict] of Object.entries(visit.do).sort()) await act(resource, verdict);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
