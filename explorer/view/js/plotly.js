// Plotly itself, fetched once; and whether this browser can draw with WebGL.
const loading = new Map()

export function loadPlotly(url) {
  if (globalThis.Plotly) return Promise.resolve(globalThis.Plotly)
  if (!loading.has(url)) {
    loading.set(url, new Promise((resolve, reject) => {
      const script = document.createElement('script')
      script.src = url
      script.onload = () => resolve(globalThis.Plotly)
      script.onerror = () => { loading.delete(url); reject(new Error('Plotly could not be loaded')) }
      document.head.append(script)
    }))
  }
  return loading.get(url)
}

let webgl = null
export function hasWebgl() {
  if (webgl === null) {
    const context = document.createElement('canvas').getContext('webgl')
    webgl = Boolean(context)
    context?.getExtension('WEBGL_lose_context')?.loseContext()
  }
  return webgl
}
