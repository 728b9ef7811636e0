import { Button, Dropdown, type ButtonProps, type MenuProps } from 'antd';
import { useRef } from 'react';

type Items = NonNullable<MenuProps['items']>;

export interface MenuEntry {
  key: string;
  label: string;
  icon?: ButtonProps['icon'];
  danger?: boolean;
  onPick: () => void;
}

interface Props extends Pick<ButtonProps, 'icon' | 'size' | 'title' | 'children'> {
  /** What the menu is for, for screen readers. */
  label: string;
  /** Stands above the entries and cannot be picked. */
  heading?: Items[number];
  entries: MenuEntry[];
}

/**
 * A button that opens a menu. The keyboard is in the menu at once, and back on the button when it closes or before what
 * was picked begins, so that a dialog gives the focus back to a place that still exists.
 */
export function MenuButton({ label, heading, entries, ...button }: Props) {
  const opener = useRef<HTMLButtonElement>(null);
  const items: Items = entries.map(({ onPick, ...entry }) => ({
    ...entry,
    onClick: ({ domEvent }) => {
      // Else the Enter that picks the entry presses the button that has the focus next: the answer of a question.
      domEvent.preventDefault();
      opener.current?.focus();
      onPick();
    },
  }));
  return (
    <Dropdown
      menu={{ items: heading ? [heading, ...items] : items }}
      trigger={['click']}
      autoFocus
      placement="bottomRight"
      onOpenChange={(open) => {
        if (!open && document.activeElement?.closest('[role="menu"]')) opener.current?.focus();
      }}
    >
      <Button ref={opener} type="text" aria-label={label} aria-haspopup="menu" {...button} />
    </Dropdown>
  );
}
