import {
  calling,
  expect,
  giveTool,
  openTask,
  register,
  runAssistant,
  test,
} from './journey'

test('approve a call on the page of its task', async ({ page }) => {
  await register(page, 'approver')
  await giveTool(page, 'calculator', true)
  const given = { expression: '6 * 7' }
  await runAssistant(page, calling('calculator', given, 'It is done.'))
  await openTask(page)

  const card = page.getByRole('region', { name: /wants to call calculator/ })
  await expect(card).toContainText('6 * 7')
  await expect(page.getByRole('log', { name: 'Answer' })).not.toContainText(
    'It is done.',
  )
  await card.getByRole('button', { name: 'Approve', exact: true }).click()

  await expect(page.getByRole('log', { name: 'Answer' })).toHaveText(
    'It is done.',
  )
  await expect(card).toBeHidden()
  await expect(page.getByText('Completed', { exact: true })).toBeVisible()
})

test('answer a question on the page of its task', async ({ page }) => {
  await register(page, 'answerer')
  await giveTool(page, 'ask_person', false)
  const given = { question: 'Which colour should it be?' }
  await runAssistant(page, calling('ask_person', given, 'So be it.'))
  await openTask(page)

  const card = page.getByRole('region', { name: 'Assistant asks you' })
  await expect(card).toContainText('Which colour should it be?')
  await card.getByLabel('Your answer').fill('Blue, like the sea')
  await card.getByRole('button', { name: 'Send answer' }).click()

  await expect(page.getByRole('log', { name: 'Answer' })).toHaveText(
    'So be it.',
  )
  await expect(card).toBeHidden()
  await expect(page.getByText('Completed', { exact: true })).toBeVisible()
})

test('approve a call from Home', async ({ page }) => {
  await register(page, 'home')
  await giveTool(page, 'calculator', true)
  const given = { expression: '6 * 7' }
  await runAssistant(page, calling('calculator', given, 'It is done.'))
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: 'Home' })
    .click()

  const card = page.getByRole('region', { name: /wants to call calculator/ })
  const task = await card.getByRole('link').getAttribute('href')
  await card.getByRole('button', { name: 'Approve', exact: true }).click()
  await expect(card).toBeHidden()
  await expect(page.getByText('Nothing is waiting for you.')).toBeVisible()

  await page.goto(task ?? '')
  await expect(page.getByRole('log', { name: 'Answer' })).toHaveText(
    'It is done.',
  )
})
