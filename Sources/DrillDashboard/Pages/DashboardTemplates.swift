/// The dashboard's templates; `head`, `verdict` and `body` are those of the report.
enum DashboardTemplates {
  static let all = [
    "overview": framed(overview), "cluster-page": framed(cluster), "run-page": framed(run),
    "runs-page": framed(runs), "open-findings": framed(findings), "finding-page": framed(finding),
    "missing": framed(missing), "migration-page": framed(migration),
  ]

  /// Around every page.
  private static func framed(_ main: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    {{>head}}
    </head>
    <body>
    <nav class="top" aria-label="pages"><div><strong>Firedrill</strong> <a href="/">Clusters</a> <a href="/findings">Findings</a> \
    <a href="/api/v1">API</a> <a href="/metrics">Metrics</a> <span class="right">{{ledgerText}}</span></div></nav>
    <main>
    {{^empty(problem)}}<p class="alarm" role="alert"><span aria-hidden="true">▲</span> {{problem}}</p>{{/empty(problem)}}
    {{#content}}
    \(main)
    {{/content}}
    </main>
    </body>
    </html>

    """
  }

  private static let overview = """
    <h1>Clusters</h1>
    <p class="quiet">{{headline}}</p>
    {{^hasCards}}<p class="headline unsure">No run is recorded yet: nothing is known.</p>{{/hasCards}}
    <div class="cards">
    {{#cards}}<article class="card {{tone}}">
    <h2><span class="badge {{tone}}"><span aria-hidden="true">{{symbol}}</span> {{word}}</span> <a href="{{link}}">{{name}}</a></h2>
    {{#alarmLines}}<p class="alarm"><span aria-hidden="true">▲</span> {{.}}</p>{{/alarmLines}}
    <dl>
    {{#facts}}<dt>{{term}}</dt><dd class="{{tone}}">{{value}}</dd>
    {{/facts}}</dl>
    <ul class="drills">
    {{#drillLines}}<li><span class="{{tone}}"><span aria-hidden="true">{{symbol}}</span> {{state}}</span> \
    {{^empty(link)}}<a href="{{link}}">{{drillName}}</a>{{/empty(link)}}{{#empty(link)}}{{drillName}}{{/empty(link)}} <span class="quiet">{{rest}}</span></li>
    {{/drillLines}}{{#migrations}}<li><span class="{{tone}}"><span aria-hidden="true">⇄</span> {{stage}}</span> <a href="{{link}}">{{name}}</a></li>
    {{/migrations}}</ul>
    </article>
    {{/cards}}</div>
    """

  private static let cluster = """
    {{#view}}{{>verdict}}{{/view}}
    <p class="pages">{{#choices}}{{#isChosen}}<strong>{{label}}</strong>{{/isChosen}}{{^isChosen}}<a href="{{link}}">{{label}}</a>{{/isChosen}} {{/choices}} \
    <a href="{{runsLink}}">all runs</a></p>
    {{#migrations}}<p class="pages"><span class="{{tone}}"><span aria-hidden="true">⇄</span> {{stage}}</span> <a href="{{link}}">migration {{name}}</a></p>
    {{/migrations}}
    {{#readiness}}<section aria-labelledby="h-ready">
    <h2 id="h-ready">Before a cutover</h2>
    <p class="{{tone}}">{{headline}}</p>
    {{#hasMissing}}<ul>{{#missingLines}}<li>{{.}}</li>{{/missingLines}}</ul>{{/hasMissing}}
    <dl class="facts">{{#facts}}<dt>{{term}}</dt><dd><span>{{value}}</span></dd>
    {{/facts}}</dl>
    </section>{{/readiness}}
    {{#view}}{{>body}}{{/view}}
    """

  private static let migration = """
    <p class="pages crumbs"><a href="/">Clusters</a> <a href="{{clusterLink}}">{{clusterName}}</a></p>
    {{#view}}{{>migration-body}}{{/view}}
    """

  private static let run = """
    <p class="pages crumbs"><a href="/">Clusters</a> <a href="{{clusterLink}}">{{clusterName}}</a></p>
    {{#view}}{{>verdict}}{{>body}}{{/view}}
    """

  private static let runs = """
    <p class="pages crumbs"><a href="/">Clusters</a> <a href="{{clusterLink}}">{{clusterName}}</a></p>
    <h1>Runs of {{clusterName}}</h1>
    <p class="quiet">{{headline}}</p>
    {{^hasRows}}<p>There is none here.</p>{{/hasRows}}
    {{#hasRows}}<table class="runs"><thead><tr><th>started</th><th>verdict</th><th>level</th><th class="num">findings</th><th class="num">restore</th><th>drill</th><th>run</th></tr></thead><tbody>
    {{#rows}}<tr><td class="when">{{time}}</td><td class="{{tone}}"><span aria-hidden="true">{{symbol}}</span> {{verdict}}</td><td>{{levelText}}</td>\
    <td class="num">{{wrong}}</td><td class="num">{{restoreText}}</td><td>{{drillName}}</td><td class="id"><a href="{{link}}">{{name}}</a></td></tr>
    {{/rows}}</tbody></table>{{/hasRows}}
    <p class="pages">{{^isFirst}}<a href="{{newestLink}}">newest</a>{{/isFirst}} {{#hasOlder}}<a href="{{olderLink}}">older</a>{{/hasOlder}}</p>
    """

  private static let findings = """
    <h1>Open findings</h1>
    <p class="quiet">{{headline}}</p>
    {{^hasGroups}}<p>None of the runs that are recorded left one open.</p>{{/hasGroups}}
    {{#groups}}<article class="finding">
    <h3><code>{{code}}</code> <span class="times">{{times}}</span> <a href="{{clusterLink}}">{{clusterName}}</a> <span class="chip">{{severity}}</span> \
    {{#isOverdue}}<span class="chip late">{{overdueText}}</span>{{/isOverdue}}</h3>
    <p>{{meaning}}</p>
    <p class="action"><span aria-hidden="true">→</span> {{{actionMarkup}}}</p>
    <p class="quiet owner">{{ownerText}}</p>
    <ul class="subjects">
    {{#rows}}<li{{#isLate}} class="late"{{/isLate}}><a href="{{link}}" class="id">{{subject}}</a> <span class="status">{{state}}</span></li>
    {{/rows}}</ul>
    {{^empty(beyond)}}<p class="quiet">{{beyond}}</p>{{/empty(beyond)}}
    </article>
    {{/groups}}
    {{^empty(more)}}<p class="quiet">{{more}}</p>{{/empty(more)}}
    """

  private static let finding = """
    <p class="pages crumbs"><a href="/findings">Findings</a> <a href="{{clusterLink}}">{{clusterName}}</a></p>
    <header class="verdict {{tone}}">
    <p class="kicker">Finding · cluster {{clusterName}}</p>
    <h1><span class="badge {{tone}}">{{state}}</span> <code>{{code}}</code> <span class="chip">{{severity}}</span></h1>
    <p class="headline">{{meaning}}</p>
    </header>
    <section><h2>What to do</h2><p class="action"><span aria-hidden="true">→</span> {{{actionMarkup}}}</p></section>
    <section><h2>What it is about</h2><p class="id">{{subject}}</p></section>
    <section><h2>How it stands</h2>
    <dl class="facts">{{#facts}}<dt>{{term}}</dt><dd><span>{{value}}</span></dd>
    {{/facts}}</dl>
    {{#hasWords}}<h3>What people did</h3>
    <ul>{{#words}}<li><strong>{{who}}</strong>, {{what}}: {{why}}</li>{{/words}}</ul>{{/hasWords}}
    </section>
    <section><h2>{{seenText}}</h2>
    <ul>{{#seen}}<li class="id"><a href="{{link}}">{{name}}</a></li>{{/seen}}</ul></section>
    """

  private static let missing = """
    <h1>Not found</h1>
    <p>{{why}}. <a href="/">All clusters</a></p>
    """
}
