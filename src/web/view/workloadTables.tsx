import type { Finding, Member } from '../talk/documents.ts';
import { formatBytes, formatCount } from '../words/format.ts';
import { classWord, processStateWord, resourceWord } from '../words/verdictWords.ts';
import { Moment } from './moment.tsx';
import { Name } from './name.tsx';

const maxMembersShown = 200;

export function Members({ members }: { members: readonly Member[] }) {
  return (
    <section aria-labelledby="members" class="panel">
      <div class="panel-head">
        <h2 id="members" tabIndex={-1}>
          Processes in it now
        </h2>
      </div>
      {members.length === 0 ? (
        <p class="small">None runs at present.</p>
      ) : (
        <table>
          <caption class="sr-only">Processes of this workload, largest first</caption>
          <thead>
            <tr>
              <th scope="col" class="num">
                Pid
              </th>
              <th scope="col">Command</th>
              <th scope="col" class="num">
                Private memory
              </th>
              <th scope="col" class="num from-tablet">
                Open files
              </th>
              <th scope="col" class="num from-tablet">
                Threads
              </th>
              <th scope="col" class="from-tablet">
                State
              </th>
              <th scope="col" class="from-tablet">
                Started
              </th>
            </tr>
          </thead>
          <tbody>
            {members.slice(0, maxMembersShown).map((member) => (
              <tr key={member.id}>
                <td class="num">{member.pid}</td>
                <th scope="row" class="command">
                  <Name text={member.command} />
                </th>
                <td class="num">{member.privateBytes === null ? '–' : formatBytes(member.privateBytes)}</td>
                <td class="num from-tablet">{member.fds === null ? '–' : formatCount(member.fds)}</td>
                <td class="num from-tablet">{member.threads === null ? '–' : formatCount(member.threads)}</td>
                <td class="from-tablet">{processStateWord(member.state)}</td>
                <td class="from-tablet">{member.startTime === null ? '–' : <Moment at={member.startTime} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const findingStates: Record<Finding['state'], string> = {
  suspect: 'Suspected',
  confirmed: 'Confirmed',
  resolved: 'Resolved',
  recurred: 'Came back',
};

export function Findings({ findings }: { findings: readonly Finding[] }) {
  return (
    <section aria-labelledby="findings" class="panel">
      <div class="panel-head">
        <h2 id="findings">Findings so far</h2>
      </div>
      {findings.length === 0 ? (
        <p class="small">Nothing has been found against it so far.</p>
      ) : (
        <ol class="findings">
          {findings.map((finding) => (
            <li key={finding.id}>
              <strong>{findingStates[finding.state]}</strong> <Moment at={finding.stateSince} />:{' '}
              {resourceWord(finding.verdict.resource).toLowerCase()}, {classWord(finding.verdict.class).toLowerCase()}.{' '}
              <span class="small">
                First seen <Moment at={finding.firstSeen} />, last seen <Moment at={finding.lastSeen} />.
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
