import { Form, Switch } from 'antd';

interface Props {
  /** Of the member of the form's values. */
  name: string;
  label: string;
  help: string;
  disabled?: boolean;
}

/** A switch of a form on the right of what it does. */
export function SwitchField({ name, label, help, disabled = false }: Props) {
  return (
    <div className="mb-5 flex items-start justify-between gap-6">
      <div className="min-w-0">
        <label htmlFor={name} className="cursor-pointer">
          {label}
        </label>
        <p id={`${name}_help`} className="mt-0.5 text-sm text-muted">
          {help}
        </p>
      </div>
      <Form.Item name={name} valuePropName="checked" noStyle>
        <Switch disabled={disabled} aria-describedby={`${name}_help`} className="mt-0.5! shrink-0" />
      </Form.Item>
    </div>
  );
}
