// What a real browser makes of the pages: a folder for the pictures and the addresses come on the command line, a line of JSON a look goes out.
'use strict';
const { chromium } = require('playwright-core');
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [folder, ...addresses] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const looks = [
  { name: 'phone-light', width: 360, height: 740, colorScheme: 'light' },
  { name: 'phone-dark', width: 360, height: 740, colorScheme: 'dark', whole: true },
  { name: 'desk-light', width: 1280, height: 800, colorScheme: 'light', whole: true },
  { name: 'desk-forced', width: 1280, height: 800, colorScheme: 'light', forcedColors: 'active' },
  { name: 'wall-dark', width: 1920, height: 1080, colorScheme: 'dark' },
  { name: 'hall-light', width: 3840, height: 2160, colorScheme: 'light' },
];

/** What stands on the page, and what must not. */
const inspect = () => ({
  text: document.body.innerText,
  ran: 'ran' in window,
  scripts: document.querySelectorAll('script, [onerror], [onload], [onclick]').length,
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  styled: getComputedStyle(document.body).marginTop === '0px',
});

async function open(browser, address, javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled });
  const page = await context.newPage();
  const said = [], asked = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('dialog', (dialog) => { said.push(dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(address);
  return { page, said, asked };
}

async function look(page, address, { name, width, height, whole, ...media }) {
  const { pathname, search } = new URL(address);
  const file = `${folder}/${(pathname + search).replace(/[^a-z0-9]+/g, '-').replace(/^-/, '') || 'daemon'}-${name}`;
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ forcedColors: 'none', ...media });
  await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = false; }));
  await page.screenshot({ path: `${file}.png` });
  const closed = await page.evaluate(inspect);
  // everything that a reader can open is looked at too
  await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
  const opened = await page.evaluate(inspect);
  const { violations } = await page.evaluate(() => window.axe.run());
  if (whole) await page.screenshot({ path: `${file}-whole.png`, fullPage: true });
  return {
    look: name,
    ...opened,
    text: closed.text,
    overflow: closed.overflow + opened.overflow,
    violations: violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html).join(' ')}`),
  };
}

(async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  for (const address of addresses) {
    const { page, said, asked } = await open(browser, address, true);
    await page.evaluate(axe);
    for (const one of looks) console.log(JSON.stringify({ address, ...(await look(page, address, one)), said, asked }));
    await page.context().close();
    const bare = await open(browser, address, false);
    const seen = await bare.page.evaluate(inspect);
    console.log(JSON.stringify({ address, look: 'without JavaScript', ...seen, violations: [], said: bare.said, asked: bare.asked }));
    await bare.page.context().close();
  }
  await browser.close();
})();
