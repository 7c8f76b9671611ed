import { expect, it } from 'vitest'
import { reportHtml } from '../../src/report/html.js'

const report = (model: string) =>
  JSON.stringify({ model, tensors: [{ name: '</script><script>alert(1)</script>' }] }, undefined, 2)

it('embeds the data once, so that no name can end its element, and asks the network for nothing', async () => {
  const html = await reportHtml([report('<b>&')], [undefined])
  const data = /<script type="application\/json" id="squire-report">(.*?)<\/script>/s.exec(html)![1]!
  expect(JSON.parse(data)).toEqual({ reports: [JSON.parse(report('<b>&'))], runs: [null] })
  expect(html).toContain('<title>&lt;b>&amp; · squire</title>')
  expect(html.match(/<\/script>/g)).toHaveLength(2)
  expect(html).toContain("default-src 'none'")
})
