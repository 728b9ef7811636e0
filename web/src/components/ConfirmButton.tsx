import { Button, Popconfirm, type ButtonProps } from 'antd';
import { useTranslation } from 'react-i18next';

interface Props extends Pick<ButtonProps, 'icon' | 'size' | 'type' | 'disabled' | 'loading'> {
  /** What is about to happen, as a question. */
  question: string;
  label: string;
  /** Shows the label as text, not only to screen readers. */
  withText?: boolean;
  onConfirm: () => void;
}

/** A button for what cannot be undone: it asks once more. */
export function ConfirmButton({ question, label, withText, onConfirm, ...button }: Props) {
  const { t } = useTranslation();
  return (
    <Popconfirm
      title={question}
      okText={label}
      cancelText={t('common.cancel')}
      okButtonProps={{ danger: true }}
      onConfirm={onConfirm}
      styles={{ root: { maxWidth: 320 } }}
    >
      <Button danger aria-label={label} title={withText ? undefined : label} {...button}>
        {withText ? label : null}
      </Button>
    </Popconfirm>
  );
}
