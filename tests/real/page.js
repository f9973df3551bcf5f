// What a real browser makes of the pages: the addresses come on the command line, one line of JSON a look goes out.
'use strict';
const { chromium } = require('playwright-core');
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [folder, ...addresses] = process.argv.slice(2);
const sizes = { phone: [360, 740], desk: [1280, 800], wall: [1920, 1080], hall: [3840, 2160] };
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

async function look(browser, address, size, colorScheme, forcedColors, javaScriptEnabled) {
  const [width, height] = sizes[size];
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, forcedColors, javaScriptEnabled });
  const page = await context.newPage();
  const said = [], asked = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('dialog', (dialog) => { said.push(dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(address);
  const name = `${new URL(address).pathname.slice(1)}-${size}-${forcedColors === 'active' ? 'forced' : colorScheme}`;
  if (javaScriptEnabled) await page.screenshot({ path: `${folder}/${name}.png` });
  const seen = await page.evaluate(() => ({
    title: document.title,
    text: document.body.innerText,
    ran: 'ran' in window,
    scripts: document.querySelectorAll('script, [onerror], [onload], [onclick]').length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    styled: getComputedStyle(document.querySelector('table') ?? document.body).borderCollapse === 'collapse',
  }));
  let violations = [];
  if (javaScriptEnabled) {
    // everything that a reader can open is looked at too
    await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run());
    violations = result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html).join(' ')}`);
    seen.openOverflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (size === 'desk' && colorScheme === 'light') await page.screenshot({ path: `${folder}/${name}-whole.png`, fullPage: true });
    if (size === 'phone' && colorScheme === 'dark') await page.screenshot({ path: `${folder}/${name}-whole.png`, fullPage: true });
  }
  await context.close();
  console.log(JSON.stringify({ name, javaScriptEnabled, ...seen, said, asked, violations }));
}

(async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  for (const address of addresses) {
    for (const size of Object.keys(sizes)) {
      for (const scheme of ['light', 'dark']) await look(browser, address, size, scheme, 'none', true);
    }
    await look(browser, address, 'desk', 'light', 'active', true);
    await look(browser, address, 'desk', 'light', 'none', false);
  }
  await browser.close();
})();
