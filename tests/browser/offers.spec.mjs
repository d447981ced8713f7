// What flows offer beyond text: a list that opens, messages that pause, several messages as one answer.
import { expect, test } from '@playwright/test';
import { startNode } from './node.mjs';

let node;

test.beforeAll(async () => {
  node = await startNode('demo/clinic_visit.json', ['demo/clinics.csv']);
});

test.afterAll(async () => {
  expect(await node.stop(), 'the node stops cleanly').toBe(0);
});

const said = (page, text) => expect(page.locator('li.out .b').last()).toContainText(text);

async function write(page, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
}

test('a clinic is chosen from a list, and several messages are one answer', async ({ page }) => {
  await page.goto(node.chat);
  await write(page, 'visit');
  // The question comes after a pause, so the greeting is seen first.
  await expect(page.locator('li.out .b').first()).toContainText('Welcome to Safe Steps');
  await said(page, 'Which clinic do you visit?');
  const gulu = page.getByRole('button', { name: 'Gulu' });
  await expect(gulu).toBeHidden();
  await page.locator('summary').click();
  await expect(page.getByText('North')).toBeVisible();
  await gulu.click();
  await expect(page.locator('li.out .b').filter({ hasText: 'Gulu clinic is open 8 to 5' })).toBeVisible();
  await said(page, 'Write as many messages as you like');
  await write(page, 'My head hurts');
  await write(page, 'and I feel hot');
  await write(page, 'done');
  await expect(page.locator('li.out .b').filter({ hasText: 'My head hurts' })).toBeVisible();
});
