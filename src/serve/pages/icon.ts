import type { Page } from '../page.js'

/** Browsers ask for an icon by themselves where a page names none, as reports do. There is none. */
export const icon: Page = {
  path: '/favicon.ico',
  respond: () => ({ status: 204, type: 'image/x-icon', body: '' })
}
