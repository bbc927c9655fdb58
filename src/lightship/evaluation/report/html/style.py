"""The style sheet of reports, and the policy that permits nothing else."""

from __future__ import annotations

import base64
import hashlib

from lightship.drawing.palette import DARK, LIGHT, rules, variables

CSS = (
    f":root{{color-scheme:light dark;{variables(LIGHT)}}}"
    f"@media (prefers-color-scheme:dark){{:root{{{variables(DARK)}}}}}"
    + rules()
    + """
*{box-sizing:border-box}
body{margin:0;background:var(--surface);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans",sans-serif}
header,nav,main,footer{max-width:76rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1,h2,h3{line-height:1.25;overflow-wrap:anywhere}
h1{margin:0;font-size:1.75rem}
h2{margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--grid);font-size:1.35rem}
h3{margin:1.75rem 0 .5rem;font-size:1.1rem}
p{margin:.5rem 0;max-width:46rem}
.lead,caption,figcaption,dt,summary,.tile span,footer{color:var(--muted)}
a{color:var(--blue)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.75rem 0;padding:0;list-style:none}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.75rem;margin:1rem 0}
.tile{padding:.75rem 1rem;border:1px solid var(--grid);border-radius:.5rem}
.tile span{display:block;font-size:.85rem}
.tile b{display:block;font-size:1.6rem;line-height:1.3}
dl{margin:1rem 0}
dl div{display:grid;grid-template-columns:clamp(5rem,22vw,10rem) minmax(0,1fr);gap:0 1rem;padding:.25rem 0}
dd{margin:0;overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1.5rem;align-items:start}
figure{margin:0;max-width:32rem;min-width:0}
figure svg{display:block;width:100%;height:auto}
figcaption{margin-top:.25rem;font-size:.9rem}
.scroll{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;min-width:min(100%,20rem);font-size:.9rem;font-variant-numeric:tabular-nums}
caption{padding-bottom:.25rem;text-align:start}
th,td{padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--grid);text-align:start;vertical-align:top}
thead th{border-bottom:2px solid var(--muted);vertical-align:bottom}
tbody th{font-weight:600}
td{overflow-wrap:break-word;max-width:24rem}
.n{text-align:end;white-space:nowrap}
small{color:var(--muted);font-size:.85em}
summary{cursor:pointer;padding:.25rem 0;font-size:.9rem}
:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
.images{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:1rem;margin:1rem 0;padding:0;
list-style:none}
.images img{display:block;width:100%;aspect-ratio:1;object-fit:contain;image-rendering:pixelated;
background:var(--grid);border-radius:.25rem}
.images li{font-size:.9rem;overflow-wrap:anywhere}
footer{padding-top:2rem;padding-bottom:2rem;font-size:.85rem}
@media print{"""
    + f":root{{color-scheme:light;{variables(LIGHT)}}}"
    + """
@page{margin:15mm}
body{font-size:10pt}
header,nav,main,footer{max-width:none;padding:0}
nav,details{display:none}
h2,h3,caption{break-after:avoid}
figure,.tile,tr,.images li{break-inside:avoid}
.scroll{overflow:visible}
table{font-size:8pt}
th,td{padding-right:.4rem;white-space:normal}
.figures{grid-template-columns:1fr 1fr}
figure{max-width:9cm}
*{print-color-adjust:exact}
}"""
)

_DIGEST = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()

# The page's own style sheet and images inside the page: no script, no request.
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none'; form-action 'none'"
