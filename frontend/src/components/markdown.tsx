import { isValidElement, memo } from 'react'
import type { ComponentProps, ReactNode } from 'react'
import ReactMarkdown from 'react-markdown'
import type { Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'

import { CopyButton } from './copy-button'

const plugins = [remarkGfm]

function textOf(node: ReactNode): string {
  if (typeof node === 'string') return node
  if (Array.isArray(node)) return node.map(textOf).join('')
  if (isValidElement<{ children?: ReactNode }>(node)) {
    return textOf(node.props.children)
  }
  return ''
}

function CodeBlock({ children }: ComponentProps<'pre'>) {
  return (
    <div className="flex items-start rounded-lg border bg-muted">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrollable content must be reachable by keyboard. */}
      <pre tabIndex={0}>{children}</pre>
      <CopyButton
        text={textOf(children).replace(/\n$/, '')}
        label="Copy code"
        className="m-1.5 shrink-0"
      />
    </div>
  )
}

function SafeLink({ href, children }: { href?: string; children: ReactNode }) {
  if (!href) return children
  return (
    <a href={href} target="_blank" rel="noreferrer noopener nofollow">
      {children}
    </a>
  )
}

/** Links open in a new tab without a referrer. An image would contact another host, so it becomes a link. */
const components: Components = {
  pre: CodeBlock,
  a: ({ href = '', children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ src, alt }) => (
    <SafeLink href={typeof src === 'string' ? src : ''}>
      {alt ?? 'Image'}
    </SafeLink>
  ),
  table: ({ children }) => (
    <div
      role="group"
      aria-label="Table"
      className="overflow-x-auto"
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrollable content must be reachable by keyboard.
      tabIndex={0}
    >
      <table>{children}</table>
    </div>
  ),
}

/** The text of a model. Raw HTML in it is shown as text. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="prose">
      <ReactMarkdown remarkPlugins={plugins} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  )
})
