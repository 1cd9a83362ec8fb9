import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { Markdown } from './markdown'

test('renders headings, lists and tables', () => {
  render(
    <Markdown text={'# Title\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |'} />,
  )

  expect(screen.getByRole('heading', { name: 'Title' })).toBeVisible()
  expect(screen.getByRole('listitem')).toHaveTextContent('one')
  expect(screen.getByRole('cell', { name: '2' })).toBeVisible()
})

test.each([
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<iframe src="https://evil.example"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '<style>body { display: none }</style>',
  '<svg onload=alert(1)>',
])('shows %s as text', (html) => {
  const { container } = render(<Markdown text={`Look: ${html}`} />)

  expect(container).toHaveTextContent('Look: <')
  expect(
    container.querySelector('script, img, iframe, style, svg[onload], a'),
  ).toBeNull()
})

test.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'data:text/html;base64,PHNjcmlwdD4=',
  'vbscript:x',
  ' javascript:alert(1)',
])('makes no link to %s', (address) => {
  render(<Markdown text={`[click](<${address}>)`} />)

  expect(screen.queryByRole('link')).toBeNull()
  expect(screen.getByText('click')).toBeVisible()
})

test('opens links in a new tab, without a referrer', () => {
  render(<Markdown text="[docs](https://example.org/)" />)

  const link = screen.getByRole('link', { name: 'docs' })

  expect(link).toHaveAttribute('target', '_blank')
  expect(link.getAttribute('rel')?.split(' ')).toEqual(
    expect.arrayContaining(['noreferrer', 'noopener']),
  )
})

test('links an image instead of loading it', () => {
  render(<Markdown text="![A chart](https://evil.example/pixel.png)" />)

  expect(screen.queryByRole('img')).toBeNull()
  expect(screen.getByRole('link', { name: 'A chart' })).toHaveAttribute(
    'href',
    'https://evil.example/pixel.png',
  )
})

test('renders text that ends within its markup', () => {
  const { container } = render(<Markdown text={'**bold\n\n```py\nprint(1'} />)

  expect(container).toHaveTextContent('**bold')
  expect(container).toHaveTextContent('print(1')
})
