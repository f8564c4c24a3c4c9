// Runs all checks in a browser: node browser.mjs MODULES_FOLDER BROWSER FOLDER_OF_PAGES. Prints a line of JSON for each check.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { safety } from './safety.mjs';
import { use } from './use.mjs';
import { looks } from './looks.mjs';

const [modules, executablePath, dir] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core');
// The page is our own file and a container has no user namespaces: the browser's sandbox would protect nothing here.
const args = ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', ...(process.env.SHOREUP_HEADLESS_SHELL ? ['--headless=shell', '--no-zygote'] : [])];
const browser = await chromium.launch({ executablePath, args });

// Without motion: what is looked at is not caught half-way between two colours.
const desktop = { viewport: { width: 1360, height: 900 }, locale: 'en-GB', reducedMotion: 'reduce' };

// A page that notes everything that must not happen.
async function open(name, { hash = '', url, ...options } = {}) {
  const context = await browser.newContext({ ...desktop, ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => {});
  const page = await context.newPage();
  page.problems = [];
  page.requests = [];
  page.on('pageerror', (e) => page.problems.push('error: ' + e.message));
  page.on('console', (m) => { if (['error', 'warning'].includes(m.type())) page.problems.push(m.type() + ': ' + m.text()); });
  page.on('dialog', (d) => { page.problems.push('dialog: ' + d.message()); d.dismiss(); });
  page.on('request', (r) => page.requests.push(r.url()));
  // Processor time of the page's own thread: on a busy machine the clock on the wall says more about the neighbours.
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  page.worked = async () => 1000 * (await session.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value;
  page.home = url ?? pathToFileURL(join(dir, name)).href;
  await page.goto(page.home + hash);
  await page.waitForSelector('html.ready');
  return page;
}

async function check(name, run) {
  const out = { name, failed: '', figures: [], files: [] };
  const pages = [];
  const began = Date.now();
  try {
    await run({ open: async (...a) => { const p = await open(...a); pages.push(p); return p; }, figure: (f) => out.figures.push(f), file: (f) => { out.files.push(f); return f; }, dir });
    for (const p of pages) if (p.problems.length && !p.allowed) out.failed += p.problems.join('\n') + '\n';
  } catch (err) {
    out.failed = err.stack + '\n' + pages.flatMap((p) => p.problems).join('\n');
  }
  out.figures.push(`${name}: ${Date.now() - began} ms`);
  for (const p of pages) await p.context().close();
  console.log(JSON.stringify(out));
}

try {
  for (const [name, run] of Object.entries({ ...safety, ...use, ...looks })) await check(name, run);
} finally {
  await browser.close();
}
