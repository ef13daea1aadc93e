// Package assets is everything a person sees: pages, texts in Chinese and English, mails, text messages, the style
// sheet and the scripts. It imports no other package of the product and knows nothing of it but the shapes of its
// own views.
//
//	server ── fills ──> view struct (view*.go) ──> Pages.Render ──> pages/*.html + texts/*.json ──> one HTML page
//	auth, notify ─────> Message(lang, template, args) ─────────────> subject, text, HTML
//	browser <────────── Static ──────────────────────────────────── style sheet, modules, icon (content-hashed names)
//
// A view struct embeds Frame; its template has its name; its comment says which form fields it posts and where.
// A new refusal needs two lines in each of texts/en.json and texts/zh-CN.json, problem.<code>.title and .detail, and
// nothing else. Texts may hold placeholders ({{.name}}); those of pages may hold <b>, <bdi> and <a>, because they are
// ours; values never are believed and always are escaped.
package assets
