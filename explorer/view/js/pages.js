// The address of another page on the same model and images, with more properties of the view.
export function pageUrl(page, { model, dataset, count, projection }, more = {}) {
  const url = new URL(`./${page}`, document.baseURI)
  url.search = new URLSearchParams({ model, dataset, count, projection, ...more })
  return url.href
}
