/** Markdown as one line of plain text, for excerpts. */
export function plainText(markdown: string) {
  return markdown
    .replace(/^ *(?:```|~~~).*$/gm, '')
    .replace(/^[|:\- ]+$/gm, '')
    .replace(/^[ >]*(?:#{1,6}|[-*+]|\d+\.|>)(?: \[[ x]\])? +/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|~~|\*|`)(?=\S)(.+?)(?<=\S)\1/g, '$2')
    .replace(/\s+/g, ' ')
    .trim()
}
