/// The one style of report and dashboard: no font and no picture from elsewhere, no colour that alone says something.
package enum PageStyle {
  package static let css = """
    :root{color-scheme:light dark;--bg:#fff;--panel:#f6f7f9;--ink:#1a1f26;--mute:#586270;--rule:#dce1e7;--grid:#e6eaee;\
    --good:#146c43;--goodbg:#e4f3ea;--bad:#b01e17;--badbg:#fce9e7;--unsure:#835400;--unsurebg:#fdf1d9;--bar:#41648f;--two:#b4560f;--equal:#b9c7d8;\
    --mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
    @media (prefers-color-scheme:dark){:root{--bg:#13171c;--panel:#1b2128;--ink:#e4e8ec;--mute:#9aa6b3;--rule:#2c343d;--grid:#262d35;\
    --good:#6fcf97;--goodbg:#14301f;--bad:#ff8f86;--badbg:#3a1a18;--unsure:#e6b454;--unsurebg:#352a12;--bar:#86aee0;--two:#f0a05a;--equal:#3d4f63}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
    main{max-width:1120px;margin:0 auto;padding:24px 20px 40px}
    h1{font-size:1.35rem;line-height:1.3}
    h1,h2,h3,p,ul,ol,dl,figure{margin:0}
    ul,ol{padding:0;list-style:none}
    a{color:inherit;text-decoration-color:var(--mute);text-underline-offset:2px}
    a:focus-visible,summary:focus-visible{outline:2px solid var(--bar);outline-offset:2px}
    code,.id{font-family:var(--mono);font-size:.9em;overflow-wrap:anywhere}
    .good{color:var(--good)}.bad{color:var(--bad)}.unsure{color:var(--unsure)}
    .quiet{overflow-wrap:anywhere;color:var(--mute);font-size:.92em;margin-top:6px}
    .num{text-align:right}td.num,.word{white-space:nowrap}
    .kicker{color:var(--mute);font-size:.86em}
    .verdict{color:var(--ink);border-left:5px solid var(--unsure);padding:2px 0 4px 16px}
    .verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
    .verdict h1{font-size:1.15rem;line-height:1.5;font-weight:600;margin:2px 0 4px}
    .badge{display:inline-block;padding:1px 12px 2px;margin-right:6px;border-radius:4px;background:var(--unsurebg);color:var(--unsure);border:1px solid;letter-spacing:.04em}
    .badge.good{background:var(--goodbg);color:var(--good)}.badge.bad{background:var(--badbg);color:var(--bad)}
    .headline{font-size:1.05rem}
    .alarm{margin-top:6px;color:var(--bad);font-weight:600}
    .tiles{display:grid;grid-template-columns:repeat(6,1fr);border:1px solid var(--rule);border-radius:6px;margin:18px 0 6px;overflow:hidden;background:var(--rule);gap:1px}
    .tile{background:var(--panel);padding:10px 14px;min-width:0;color:var(--ink)}
    .tile .name,.tile .sub{display:block;color:var(--mute);font-size:.8em;line-height:1.35;overflow-wrap:anywhere}
    .tile strong{display:block;font-size:1.25rem;line-height:1.35;font-weight:600;overflow-wrap:anywhere}
    .tile.good strong{color:var(--good)}.tile.bad strong{color:var(--bad)}.tile.unsure strong{color:var(--unsure)}
    section{margin-top:30px;min-width:0}
    h2{font-size:1rem;font-weight:650;padding-bottom:5px;border-bottom:1px solid var(--rule);margin-bottom:10px}
    h3{font-size:.95rem;font-weight:600;margin:14px 0 4px}
    .focus{margin-top:30px;color:var(--mute);font-size:.92em}
    .focus+.pair section{margin-top:10px}
    .pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));column-gap:36px}
    .finding{padding:10px 0 12px;border-bottom:1px solid var(--rule)}
    .finding h3{margin:0 0 2px}
    .finding h3 code{color:var(--bad);font-size:1em}
    .times{font-weight:400;color:var(--mute)}
    .chip{display:inline-block;border:1px solid var(--rule);border-radius:3px;padding:0 6px;font-size:.78rem;font-weight:400;color:var(--mute);white-space:nowrap}
    .chip.late{color:var(--bad);border-color:var(--bad);font-weight:600}
    .action{font-weight:500}.owner{margin:0}
    .subjects{margin-top:6px;border-left:2px solid var(--rule)}
    .subjects li{padding:3px 0 3px 12px}
    .subjects li.late{border-left:2px solid var(--bad);margin-left:-2px}
    .facts,.status,.evidence,.missing,.claim,.reason,.skip{display:block;font-size:.92em}
    .facts,.claim,.reason,.skip,.evidence{color:var(--mute)}
    .status,.facts{overflow-wrap:anywhere}
    .late .status,.missing{color:var(--unsure)}
    .late .status{color:var(--bad)}
    details{font-size:.92em}details details{font-size:1em}.closed{margin-top:10px}.closed .quiet{margin:0}
    .finding>details{margin-top:2px}
    summary{color:var(--mute);cursor:pointer}
    .ladder li{display:flex;gap:12px;padding:5px 0}
    .ladder .mark{flex:none;width:22px;height:22px;line-height:20px;text-align:center;border:1px solid;border-radius:50%;font-size:.8rem;margin-top:1px}
    .ladder .none .mark{color:var(--mute);border-style:dashed}
    .ladder strong,.ladder div{color:var(--ink)}
    .ladder div{min-width:0;overflow-wrap:anywhere}
    .ladder .none strong{color:var(--mute)}
    .gaps{background:var(--unsurebg);border-radius:6px;padding:2px 16px 14px;align-self:start}
    .gaps h2{border-color:var(--unsure);padding-top:9px}
    .gaps li{padding:4px 0;overflow-wrap:anywhere}
    .gaps .chip{border-color:var(--unsure);color:var(--unsure)}
    .gaps .reason,.gaps .quiet{color:var(--ink)}
    table{border-collapse:collapse;width:100%;font-size:.92em;margin-top:8px}
    th{font-weight:500;color:var(--mute);text-align:left;font-size:.88em}
    th{white-space:nowrap}th.num{text-align:right}
    th,td{padding:4px 14px 4px 0;border-bottom:1px solid var(--grid);vertical-align:top;overflow-wrap:anywhere}
    th:last-child,td:last-child{padding-right:0}
    .coverage td:first-child{width:26%}.coverage td:nth-child(2),.coverage td:nth-child(3){width:1%;white-space:nowrap}
    .bar-s{display:block;width:120px;height:10px;margin-top:6px}
    .runs .when{white-space:nowrap}
    .focus-row{background:var(--panel)}
    .charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px 36px;margin-top:4px}
    .charts .wide{grid-column:1/-1}
    figure{min-width:0}
    figcaption{font-size:.92em;color:var(--mute);margin-bottom:4px;overflow-wrap:anywhere}
    .chart{display:block;width:100%;max-width:500px;height:auto;overflow:visible}
    .chart .t{font-size:10px;fill:var(--ink)}.chart .m{fill:var(--mute)}
    .chart .grid{stroke:var(--grid);stroke-width:1}.chart .axis{stroke:var(--mute);stroke-width:1}
    .chart .limit{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:5 3}
    .chart .bar{fill:var(--bar)}.chart .path{fill:none;stroke:var(--bar);stroke-width:1.1;opacity:.55}
    .chart .good{fill:var(--good)}.chart .unsure{fill:var(--unsure)}.chart .bad{fill:var(--bad)}
    .chart .explained{fill:var(--bar)}.chart .ambiguous{fill:var(--unsure)}.chart .unexplained{fill:var(--bad)}
    .equal{fill:var(--equal)}.hl{stroke:var(--unsure);stroke-width:1.3;fill:none}.hb{stroke:var(--rule);stroke-width:.5}.bar-s .hb{fill:var(--bg)}
    .chart .none{fill:var(--grid)}
    .chart .heat1{fill:var(--two)}.chart .heat2{fill:var(--bad)}.chart .heat3{fill:var(--ink)}
    .chart .span{stroke:var(--mute);stroke-width:1.2}.chart .square{fill:var(--good)}.chart .ring{fill:var(--bg);stroke:var(--bar);stroke-width:2}.chart .diamond{fill:var(--two)}
    .chart.broad{max-width:none;min-width:640px}.scroll{overflow-x:auto}
    .chart .stage{fill:var(--equal)}.chart .now{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:2 3}
    .facts dt,dl.facts dt{color:var(--mute)}
    dl.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 20px;color:var(--ink)}
    dl.facts dd{margin:0}dl.facts dd span{display:block}
    footer{margin-top:36px;padding-top:10px;border-top:1px solid var(--rule);color:var(--mute);font-size:.86em}
    nav.top{border-bottom:1px solid var(--rule);background:var(--panel)}
    nav.top div{max-width:1120px;margin:0 auto;padding:8px 20px;display:flex;gap:6px 18px;flex-wrap:wrap;align-items:baseline}
    nav.top strong{font-weight:650}
    nav.top .right{margin-left:auto;color:var(--mute);font-size:.86em}
    .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:14px;margin-top:16px}
    .card{border:1px solid var(--rule);border-left-width:5px;border-radius:6px;padding:12px 16px 12px;min-width:0;color:var(--ink)}
    .card.good{border-left-color:var(--good)}.card.bad{border-left-color:var(--bad)}.card.unsure{border-left-color:var(--unsure)}
    .card h2{border:0;margin:0;padding:0;font-size:1.05rem;overflow-wrap:anywhere}
    .card .badge{font-size:.8rem;padding:0 8px 1px}
    .card dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:1px 14px;margin-top:8px;font-size:.92em}
    .card dt{color:var(--mute)}.card dd{margin:0;overflow-wrap:anywhere}
    .card .alarm{font-size:.92em}
    .drills{margin-top:8px;padding-top:7px;border-top:1px solid var(--grid);font-size:.92em}.drills .quiet{font-size:1em}.drills li{overflow-wrap:anywhere}
    .crumbs{margin:0 0 10px}
    .pages{display:flex;gap:18px;margin-top:10px;font-size:.92em}
    @media (min-width:901px){.subjects .facts,.subjects .status{display:inline;margin-left:14px}}
    @media (max-width:900px){.tiles{grid-template-columns:repeat(3,1fr)}.pair,.charts{grid-template-columns:minmax(0,1fr)}}
    @media (max-width:560px){main{padding:16px 14px 32px}.tiles{grid-template-columns:repeat(2,1fr)}.cards{grid-template-columns:minmax(0,1fr)}\
    dl.facts{grid-template-columns:minmax(0,1fr);gap:0}dl.facts dd{margin-bottom:8px}\
    .runs thead,.coverage thead{display:none}.runs tr{display:grid;grid-template-columns:minmax(0,1fr) max-content;padding:6px 0;border-bottom:1px solid var(--grid)}\
    .runs td{border:0;padding:0}.runs td:nth-child(3),.runs td:nth-child(4),.runs td:nth-child(6){display:none}.runs td:last-child{grid-column:1/-1;grid-row:3}.runs td:nth-child(5){grid-column:2}\
    .runs td:nth-child(2){text-align:right}\
    .coverage tr{display:grid;grid-template-columns:minmax(0,1fr) max-content;padding:6px 0;border-bottom:1px solid var(--grid)}.coverage td{border:0;padding:0}.coverage td:first-child,.coverage td:nth-child(2){width:auto}\
    .coverage td:nth-child(3){display:none}.coverage td:last-child{grid-column:1/-1;color:var(--mute)}}
    @media print{:root{--bg:#fff;--panel:#fff;--ink:#000;--mute:#444;--rule:#bbb;--grid:#ddd;--good:#146c43;--goodbg:#fff;--bad:#a01510;--badbg:#fff;--unsure:#6d4600;--unsurebg:#fff;--bar:#41648f;--two:#b4560f;--equal:#b9c7d8}\
    body{font-size:10.5pt}main{max-width:none;padding:0}.finding,figure,tr,li,.tile{break-inside:avoid}h2,h3{break-after:avoid}.gaps{border:1px solid var(--unsure)}nav.top{display:none}\
    svg,.badge,.tile{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
    """
}
