import { App, Button, type ButtonProps } from 'antd';
import { useTranslation } from 'react-i18next';

interface Props extends Pick<ButtonProps, 'icon' | 'size' | 'type' | 'disabled' | 'loading'> {
  /** What is about to happen, as a question. */
  question: string;
  /** What follows from it, below the question. */
  detail?: string;
  label: string;
  /** What screen readers say instead of the label: it names the one thing of many that is meant. */
  name?: string;
  /** Shows the label as text, not only to screen readers. */
  withText?: boolean;
  /** The question stays until this has ended. */
  onConfirm: () => Promise<unknown>;
}

/**
 * A button for what cannot be undone: it asks once more, in a dialog that takes the focus, so that the keyboard finds
 * the answer. The focus stands on the harmless one.
 */
export function ConfirmButton({ question, detail, label, name, withText, onConfirm, ...button }: Props) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const ask = () =>
    void modal.confirm({
      title: question,
      content: detail,
      okText: label,
      cancelText: t('common.cancel'),
      okButtonProps: { danger: true },
      autoFocusButton: 'cancel',
      onOk: onConfirm,
    });
  return (
    <Button danger aria-label={name ?? label} title={withText ? undefined : label} onClick={ask} {...button}>
      {withText ? label : null}
    </Button>
  );
}
