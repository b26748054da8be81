// Addresses of the server's routes, relative to the page's own.
import { who } from './waiting.js'

export const at = path => new URL(`./explorer/${path}`, document.baseURI).href
export const jobUrl = id => at(`jobs/${id}?who=${who}`)

// The decode channel's.
export const channelUrl = () => at('decode').replace(/^http/, 'ws')
