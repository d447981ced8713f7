// A person on the chat page: joins in either language, uses the buttons, reloads, leaves.
import { expect, test } from '@playwright/test';
import { startDemo } from './demo.mjs';

let demo;

test.beforeAll(async () => {
  demo = await startDemo();
});

test.afterAll(async () => {
  expect(await demo.stop(), 'the demo stops cleanly').toBe(0);
});

/**
 * A page that reports errors of its own as failures. Being told to write more slowly is none: these tests type
 * faster than people, and the page tries again by itself.
 */
async function open(page) {
  const errors = [];
  const add = (text) => /status of 429/.test(text) || errors.push(text);
  page.on('pageerror', (error) => add(error.message));
  page.on('console', (message) => message.type() === 'error' && add(message.text()));
  await page.goto(demo.chat);
  await expect(page.locator('#state')).toHaveText(/./);
  return errors;
}

const answers = (page) => page.locator('li.out .b');

/** The last thing that the programme said. */
const said = (page, text) => expect(answers(page).last()).toContainText(text);

async function write(page, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
}

const press = (page, name) => page.locator('#replies').getByRole('button', { name, exact: true }).click();

/** A day of the coming months as people write it here. */
function dayFromNow(days) {
  const day = new Date(Date.now() + days * 86_400_000);
  const two = (number) => String(number).padStart(2, '0');
  return `${two(day.getUTCDate())}-${two(day.getUTCMonth() + 1)}-${day.getUTCFullYear()}`;
}

/** Opening the page is a new conversation: the programme greets before anybody writes. */
const greeted = (page) => said(page, 'Which language');

test('a mother joins in English, with a wrong date on the way', async ({ page }) => {
  const errors = await open(page);
  await greeted(page);
  await press(page, 'English');
  await said(page, 'What is your first name?');
  await write(page, 'grace');
  await said(page, 'Thank you, Grace. When is your baby due?');
  await write(page, 'soon');
  await said(page, 'We could not read a date in that');
  await write(page, dayFromNow(-30));
  await said(page, 'That day has gone by');
  await write(page, dayFromNow(400));
  await said(page, 'more than 42 weeks away');
  await write(page, dayFromNow(70));
  await said(page, 'Which clinic do you go to?');
  await write(page, 'Kisenyi');
  await said(page, 'Do you agree?');
  await write(page, 'perhaps');
  await said(page, 'Please answer Yes or No');
  await press(page, 'Yes');
  await said(page, 'Write MENU whenever you have a question');
  const texts = await answers(page).allTextContents();
  expect(texts.some((text) => text.includes('You are registered, Grace'))).toBe(true);
  // Seventy days before the birth is week 30: the message of week 29.
  expect(texts.some((text) => text.includes('Bleeding is never normal now'))).toBe(true);
  await page.screenshot({ path: 'test-results/registered.png' });
  expect(errors).toEqual([]);
});

test('a mother joins in Kiswahili, asks, reloads and leaves', async ({ page }) => {
  const errors = await open(page);
  await greeted(page);
  await press(page, 'Kiswahili');
  await said(page, 'Jina lako la kwanza ni nani?');
  await write(page, 'neema');
  await said(page, 'Asante, Neema');
  await press(page, 'Sijui');
  await said(page, 'Unaenda kliniki gani?');
  await write(page, 'Mwananyamala');
  await said(page, 'Je, unakubali?');
  await press(page, 'Ndiyo');
  await said(page, 'Andika MENYU');

  await press(page, 'MENYU');
  await said(page, 'Ungependa kujua nini?');
  await expect(page.locator('#replies button')).toHaveCount(6);
  await page.screenshot({ path: 'test-results/menu.png' });

  const before = await page.locator('li .b').allTextContents();
  await page.reload();
  await expect(page.locator('li .b')).toHaveText(before);
  await expect(page.locator('#replies button')).toHaveCount(6);

  await press(page, '1 Dalili za hatari');
  await said(page, 'Kuna kingine?');
  expect((await answers(page).allTextContents()).some((text) => text.includes('Nenda kliniki siku hiyo hiyo'))).toBe(true);

  await write(page, 'ACHA');
  await said(page, 'hutapata ujumbe tena');
  await press(page, 'Haunisaidii');
  await said(page, 'Asante kwa kutuambia');
  await write(page, 'habari');
  await said(page, 'Kurudi, andika ANZA');
  await press(page, 'ANZA');
  await said(page, 'Ukijua tarehe yako ya kujifungua');
  expect(errors).toEqual([]);
});

test('a message to the carrier address is answered through the carrier', async ({ request }) => {
  const answer = await request.post(demo.carrier, { form: { from: '+256799000001', text: 'hello', external_id: 'one' } });
  expect(answer.status()).toBe(200);
  await expect.poll(() => demo.received.length).toBeGreaterThan(0);
  expect(demo.received[0]).toMatchObject({ to: '+256799000001' });
  expect(demo.received[0].text).toContain('Which language');
});
