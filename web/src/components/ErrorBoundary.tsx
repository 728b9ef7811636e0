import { Button } from 'antd';
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { Translation } from 'react-i18next';
import { FullPageMessage } from './FullPageMessage';

interface Props {
  children: ReactNode;
  /** A new value gives the children another chance: the path, for a page. */
  resetKey?: string;
}

interface State {
  failed: boolean;
  resetKey: string | undefined;
}

/** Shows a way out instead of an empty page when something below breaks. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { failed: false, resetKey: this.props.resetKey };

  static getDerivedStateFromError(): Partial<State> {
    return { failed: true };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.resetKey ? null : { failed: false, resetKey: props.resetKey };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <Translation>
        {(t) => (
          <FullPageMessage title={t('error.brokenTitle')} text={t('error.brokenText')}>
            <Button type="primary" onClick={() => window.location.reload()}>
              {t('common.reload')}
            </Button>
          </FullPageMessage>
        )}
      </Translation>
    );
  }
}
