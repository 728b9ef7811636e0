import { CheckOutlined } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { FirstCall } from './FirstCall';
import { useFirstSteps, type StepName } from './useFirstSteps';

const paths: Record<Exclude<StepName, 'call'>, string> = { channel: '/channel', token: '/token' };

function Mark({ done, number }: { done: boolean; number: number }) {
  const { t } = useTranslation();
  const look = done ? 'bg-accent text-surface' : 'border border-line text-muted';
  return (
    <span className={`flex size-7 shrink-0 items-center justify-center rounded-full text-sm font-medium ${look}`}>
      {done ? <CheckOutlined aria-label={t('dashboard.guide.done')} /> : number}
    </span>
  );
}

/** What is left to do until the first call; nothing once it was made. */
export function FirstSteps() {
  const { t } = useTranslation();
  const { steps, token } = useFirstSteps();
  if (!steps || steps.every((step) => step.done)) return null;
  const next = steps.find((step) => !step.done)?.name;
  return (
    <section className="ya-card p-4 md:p-6" aria-labelledby="guide-title">
      <h2 id="guide-title" className="text-base font-semibold">{t('dashboard.guide.title')}</h2>
      <p className="mt-1 text-muted">{t('dashboard.guide.lead')}</p>
      <ol className="mt-5 flex flex-col gap-5">
        {steps.map((step, index) => (
          <li key={step.name} className="flex gap-3.5">
            <Mark done={step.done} number={index + 1} />
            <div className="min-w-0 flex-1">
              <h3 className={`leading-7 font-medium ${step.done ? 'text-muted' : ''}`}>{t(`dashboard.guide.${step.name}`)}</h3>
              {step.done ? null : <p className="text-muted">{t(`dashboard.guide.${step.name}Help`)}</p>}
              {step.name !== 'call' && step.name === next ? (
                <Link
                  to={paths[step.name]}
                  className="mt-3 inline-flex h-9 items-center rounded-lg bg-accent px-4 font-medium text-surface hover:opacity-90"
                >
                  {t(`dashboard.guide.${step.name}Go`)}
                </Link>
              ) : null}
              {step.name === 'call' ? <FirstCall token={token} /> : null}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
