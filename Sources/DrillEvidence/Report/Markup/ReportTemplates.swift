/// The templates of a report. `{{{…}}}` is used for the drawings alone, which escape what they write themselves.
enum ReportTemplates {
  static let all = [
    "report": report, "head": head, "verdict": verdict, "body": body, "findings": findings, "finding-row": findingRow,
    "examined": examined,
    "times": times, "content": content, "cadence": cadence, "runs": runs, "provenance": provenance,
    "migration": migration, "migration-body": migrationBody,
  ]

  private static let report = page("{{>verdict}}\n{{>body}}", "A report repeats what was recorded; ")
  private static let migration = page("{{>migration-body}}")

  /// A page that stands alone.
  private static func page(_ body: String, _ claim: String = "") -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta http-equiv="Content-Security-Policy" content="{{policy}}">
    {{>head}}
    </head>
    <body>
    <main>
    {{#view}}
    \(body)
    {{/view}}
    <footer>Made by firedrill from what its ledger holds, {{view.generated}}. \(claim)\
    <code>firedrill ledger verify</code> says whether the record is whole.</footer>
    </main>
    </body>
    </html>

    """
  }

  private static let migrationBody = """
    <header class="verdict {{tone}}">
    <p class="kicker">Migration of {{clusterName}}</p>
    <h1><span class="badge {{tone}}">{{stageWord}}</span> <span class="id">{{migrationName}}</span></h1>
    <p class="headline">{{headline}}</p>
    </header>
    <ul class="tiles">
    {{#tiles}}<li class="tile {{tone}}"><span class="name">{{name}}</span><strong>{{value}}</strong><span class="sub">{{sub}}</span></li>
    {{/tiles}}</ul>
    <div class="pair">
    <section><h2>Verified</h2>
    {{^hasVerified}}<p class="unsure">No drill has passed on a backup of this cluster.</p>{{/hasVerified}}
    <ul>{{#verified}}<li>{{.}}</li>{{/verified}}</ul></section>
    <section{{#hasMissing}} class="gaps"{{/hasMissing}}><h2>Missing</h2>
    {{^hasMissing}}<p class="good">Nothing that is known of.</p>{{/hasMissing}}
    <ul>{{#missing}}<li><span aria-hidden="true">▲</span> {{.}}</li>{{/missing}}</ul></section>
    </div>
    <section><h2>On one axis</h2><figure class="scroll">{{{chart}}}</figure></section>
    <section><h2>Moves</h2>
    {{^hasMoves}}<p class="unsure">No event says which slots move, and none was seen to.</p>{{/hasMoves}}
    {{#hasMoves}}<table><thead><tr><th>state</th><th>from</th><th>to</th><th class="num">slots</th><th>since</th><th>known by</th><th>which</th></tr></thead><tbody>
    {{#moves}}<tr><td class="{{tone}}">{{state}}</td><td class="id">{{source}}</td><td class="id">{{target}}</td><td class="num">{{count}}</td>\
    <td>{{since}}</td><td>{{by}}</td><td class="id">{{slots}}</td></tr>
    {{/moves}}</tbody></table>{{/hasMoves}}</section>
    <section><h2>What happened</h2>
    <table><thead><tr><th>time</th><th>what</th><th></th></tr></thead><tbody>
    {{#entries}}<tr><td class="word">{{time}}</td><td class="word">{{kind}}</td><td class="{{tone}}">\
    {{^empty(link)}}<a href="{{link}}">{{text}}</a>{{/empty(link)}}{{#empty(link)}}{{text}}{{/empty(link)}}</td></tr>
    {{/entries}}</tbody></table></section>
    """

  private static let head = """
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>{{title}}</title>
    <style>{{{css}}}</style>
    """

  private static let verdict = """
    <header class="verdict {{verdictTone}}">
    <p class="kicker">{{kicker}}</p>
    <h1><span class="badge {{verdictTone}}"><span aria-hidden="true">{{verdictSymbol}}</span> {{verdictWord}}</span> \
    <span class="id">{{subjectName}}</span></h1>
    <p class="headline">{{headline}}</p>
    {{#alarms}}<p class="alarm" role="alert"><span aria-hidden="true">▲</span> {{.}}</p>{{/alarms}}
    </header>
    <ul class="tiles">
    {{#tiles}}<li class="tile {{tone}}"><span class="name">{{name}}</span><strong>{{value}}</strong><span class="sub">{{sub}}</span></li>
    {{/tiles}}</ul>
    """

  private static let body = """
    {{>findings}}
    {{>examined}}
    {{>times}}
    {{>content}}
    {{>cadence}}
    {{>runs}}
    {{>provenance}}
    """

  private static let findings = """
    <section aria-labelledby="h-findings">
    <h2 id="h-findings">Findings</h2>
    {{^hasGroups}}<p class="quiet">{{noFindings}}</p>{{/hasGroups}}
    {{#groups}}
    <article class="finding">
    <h3><code>{{code}}</code> <span class="times">{{times}}</span> <span class="chip">{{severity}}</span> <span class="chip">stage {{stage}}</span> \
    {{#isOverdue}}<span class="chip late">{{overdueText}}</span>{{/isOverdue}}</h3>
    <p>{{meaning}}</p>
    <p class="action"><span aria-hidden="true">→</span> {{{actionMarkup}}}</p>
    <p class="quiet owner">{{ownerText}}</p>
    <ul class="subjects">
    {{#rows}}{{>finding-row}}{{/rows}}
    </ul>
    {{#hasMore}}<details><summary>{{moreText}}</summary><ul class="subjects">
    {{#moreRows}}{{>finding-row}}{{/moreRows}}
    </ul></details>{{/hasMore}}
    {{^empty(beyond)}}<p class="quiet">{{beyond}}</p>{{/empty(beyond)}}
    </article>
    {{/groups}}
    {{#hasClosed}}<details class="closed"><summary>{{closedText}}</summary><ul class="subjects">
    {{#closedRows}}<li><code>{{closedCode}}</code> {{#hasLink}}<a href="{{link}}" class="id">{{subject}}</a>{{/hasLink}}{{^hasLink}}<span class="id">{{subject}}</span>{{/hasLink}} <span class="quiet">{{closedText}}</span></li>
    {{/closedRows}}</ul></details>{{/hasClosed}}
    </section>
    """

  private static let findingRow = """
    <li{{#isLate}} class="late"{{/isLate}}>
    {{#hasLink}}<a href="{{link}}" class="id">{{short}}</a>{{/hasLink}}{{^hasLink}}<span class="id">{{short}}</span>{{/hasLink}}
    <span class="facts">{{facts}}</span>
    {{^empty(status)}}<span class="status">{{status}}</span>{{/empty(status)}}
    {{^empty(word)}}<span class="status">“{{word}}”</span>{{/empty(word)}}
    {{#isLong}}<details><summary>the whole name</summary><p class="id">{{whole}}</p></details>{{/isLong}}
    </li>

    """

  private static let examined = """
    {{^empty(focusText)}}<p class="focus">{{focusText}}</p>{{/empty(focusText)}}
    <div class="pair">
    <section aria-labelledby="h-level">
    <h2 id="h-level">Level, and why</h2>
    <ol class="ladder">
    {{#steps}}<li class="{{tone}}"><span class="mark" aria-hidden="true">{{symbol}}</span><div><strong>{{name}}</strong> \
    {{^empty(required)}}<span class="chip">{{required}}</span>{{/empty(required)}}
    <span class="claim">{{claimText}}</span>
    {{#evidenceLines}}<span class="evidence">{{.}}</span>{{/evidenceLines}}
    {{^empty(missingText)}}<span class="missing">{{missingText}}</span>{{/empty(missingText)}}</div></li>
    {{/steps}}</ol>
    {{#hasComparisons}}<h3>Held against each other</h3>
    <table><thead><tr><th>sides</th><th>outcome</th><th class="num">independent readers</th></tr></thead><tbody>
    {{#comparisonRows}}<tr><td>{{sides}}</td><td class="{{tone}} word">{{outcome}}</td><td class="num">{{readers}}</td></tr>{{/comparisonRows}}
    </tbody></table>{{/hasComparisons}}
    {{^hasComparisons}}<p class="quiet">Nothing was held against anything, or it is not recorded.</p>{{/hasComparisons}}
    </section>
    <section aria-labelledby="h-gaps" class="gaps">
    <h2 id="h-gaps">What was not examined</h2>
    {{^hasGaps}}<p class="quiet">{{noGaps}}</p>{{/hasGaps}}
    {{#hasGaps}}<ul>
    {{#gapRows}}<li><span class="chip">{{sort}}</span> <strong>{{what}}</strong>{{^empty(howMuch)}} · {{howMuch}}{{/empty(howMuch)}}
    <span class="reason">{{because}}</span></li>
    {{/gapRows}}</ul>{{/hasGaps}}
    </section>
    </div>
    <section aria-labelledby="h-coverage">
    <h2 id="h-coverage">Coverage</h2>
    {{^hasCoverage}}<p class="quiet unsure">Nothing was examined, or it is not recorded.</p>{{/hasCoverage}}
    {{#hasCoverage}}<table class="coverage"><thead><tr><th>part</th><th class="num">examined</th><th></th><th>of what was declared; skipped, and why</th></tr></thead><tbody>
    {{#coverageRows}}<tr><td>{{part}}</td><td class="num {{#isWhole}}good{{/isWhole}}{{^isWhole}}unsure{{/isWhole}}">{{share}}</td><td>{{{bar}}}</td><td>{{amount}}\
    {{#skippedLines}}<span class="skip">{{.}}</span>{{/skippedLines}}</td></tr>
    {{/coverageRows}}</tbody></table>{{/hasCoverage}}
    </section>
    """

  private static let times = """
    <section aria-labelledby="h-times">
    <h2 id="h-times">Restore time</h2>
    <div class="charts">
    {{#timeCharts}}<figure><figcaption>{{heading}}</figcaption>{{{svg}}}{{^empty(caption)}}<p class="quiet">{{caption}}</p>{{/empty(caption)}}</figure>
    {{/timeCharts}}</div>
    {{#timeNotes}}<p class="quiet">{{.}}</p>{{/timeNotes}}
    {{#hasObjectives}}<table><thead><tr><th>objective</th><th>allowed</th><th>measured</th><th>outcome</th></tr></thead><tbody>
    {{#objectiveRows}}<tr><td>{{goal}}</td><td>{{bound}}</td><td class="word">{{measuredText}}</td><td class="{{tone}} word">{{outcome}}</td></tr>
    {{/objectiveRows}}</tbody></table>{{/hasObjectives}}
    {{^hasObjectives}}<p class="quiet">The drill sets no objectives.</p>{{/hasObjectives}}
    </section>
    """

  private static let content = """
    <div class="pair">
    <section aria-labelledby="h-slots">
    <h2 id="h-slots">Where content differs</h2>
    <figure>{{{slotChart}}}</figure>
    {{#slotLines}}<p class="quiet">{{.}}</p>{{/slotLines}}
    </section>
    <section aria-labelledby="h-latency">
    <h2 id="h-latency">Answers and latency</h2>
    <p>{{answerText}}</p>
    {{^empty(latencyChart)}}<figure>{{{latencyChart}}}</figure>{{/empty(latencyChart)}}
    {{^empty(latencyText)}}<p class="quiet">{{latencyText}}</p>{{/empty(latencyText)}}
    </section>
    </div>
    <section aria-labelledby="h-drift">
    <h2 id="h-drift">Drift</h2>
    <p>{{driftHeadline}}</p>
    <div class="charts">
    {{#hasDrift}}<div class="wide"><table><thead><tr><th class="num">count</th><th>standing</th><th>kind</th><th>cause</th></tr></thead><tbody>
    {{#driftRows}}<tr><td class="num">{{count}}</td><td class="{{tone}} word">{{attribution}}</td><td class="word">{{kindText}}</td><td>{{cause}}</td></tr>
    {{/driftRows}}</tbody></table></div>{{/hasDrift}}
    {{#driftCharts}}<figure><figcaption>{{heading}}</figcaption>{{{svg}}}{{^empty(caption)}}<p class="quiet">{{caption}}</p>{{/empty(caption)}}</figure>
    {{/driftCharts}}</div>
    </section>
    """

  private static let cadence = """
    {{#hasCadence}}<section aria-labelledby="h-cadence">
    <h2 id="h-cadence">Backup windows, and what they would lose</h2>
    {{#cadenceLines}}<p>{{.}}</p>{{/cadenceLines}}
    {{#hasWindows}}<div class="scroll"><table><thead><tr><th>from one verified cut to the next</th><th class="num">length</th><th class="num">lost at its end</th><th>backup, and why it was taken</th></tr></thead><tbody>
    {{#windowRows}}<tr{{#isLongest}} class="focus-row"{{/isLongest}}><td class="when">{{span}}</td><td class="num">{{length}}</td><td class="num">{{lostText}}</td>\
    <td><span class="id">{{backupName}}</span> <span class="skip">{{rationaleText}}</span>{{#milestoneLines}}<span class="skip">{{.}}</span>{{/milestoneLines}}</td></tr>
    {{/windowRows}}</tbody></table></div>{{/hasWindows}}
    </section>{{/hasCadence}}
    """

  private static let runs = """
    <section aria-labelledby="h-runs">
    <h2 id="h-runs">{{runsHeading}}</h2>
    <p class="quiet">{{runsText}}</p>
    {{#hasRuns}}<div class="scroll"><table class="runs"><thead><tr><th>started</th><th>verdict</th><th>level</th><th class="num">findings</th><th class="num">restore</th><th class="num">drift</th><th>run</th></tr></thead><tbody>
    {{#runRows}}<tr{{#isFocus}} class="focus-row"{{/isFocus}}><td class="when">{{time}}</td><td class="{{tone}}"><span aria-hidden="true">{{symbol}}</span> {{verdict}}</td><td>{{levelText}}</td>\
    <td class="num">{{wrong}}</td><td class="num">{{restoreText}}</td><td class="num">{{driftText}}</td><td class="id">{{#hasLink}}<a href="{{link}}">{{name}}</a>{{/hasLink}}{{^hasLink}}{{name}}{{/hasLink}}</td></tr>
    {{/runRows}}</tbody></table></div>{{/hasRuns}}
    </section>
    """

  private static let provenance = """
    <section aria-labelledby="h-facts">
    <h2 id="h-facts">Where this comes from</h2>
    <dl class="facts">
    {{#factRows}}<dt>{{term}}</dt><dd>{{#lines}}<span class="id">{{.}}</span>{{/lines}}</dd>
    {{/factRows}}</dl>
    {{#hasNotes}}<h3>Notes of the run</h3><ul>{{#noteLines}}<li>{{.}}</li>{{/noteLines}}</ul>{{/hasNotes}}
    </section>
    """
}
