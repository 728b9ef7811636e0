import { Popover } from 'antd';

interface Props {
  names: string[];
  /** How many are shown before the rest goes into a bubble. */
  show?: number;
}

function Chip({ name, whole }: { name: string; whole?: boolean }) {
  return <span className={`inline-block truncate align-middle rounded-md bg-sunken px-1.5 py-0.5 text-xs text-ink ${whole ? 'max-w-full' : 'max-w-40'}`} title={name}>{name}</span>;
}

/** Short names side by side; the rest behind a count. */
export function Chips({ names, show = 2 }: Props) {
  const rest = names.slice(show);
  const all = (
    <div className="flex max-h-72 max-w-72 flex-wrap gap-1 overflow-y-auto">
      {names.map((name) => (
        <Chip key={name} name={name} whole />
      ))}
    </div>
  );
  return (
    <span className="inline-flex flex-wrap items-center gap-1">
      {names.slice(0, show).map((name) => (
        <Chip key={name} name={name} />
      ))}
      {rest.length > 0 ? (
        <Popover content={all} trigger={['hover', 'click']}>
          <button type="button" className="rounded-md px-1.5 py-0.5 text-xs text-accent hover:bg-sunken">
            +{rest.length}
          </button>
        </Popover>
      ) : null}
    </span>
  );
}
