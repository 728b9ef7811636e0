import { useTranslation } from 'react-i18next';
import { Logo } from '@/components/Logo';
import { useServer } from '@/features/status/useServer';

const rows = [70, 150, 230, 310, 390];

function Streams() {
  return (
    <svg viewBox="0 0 480 460" className="w-full max-w-md" aria-hidden="true" focusable="false">
      {rows.map((y, index) => (
        <g key={y}>
          <path
            d={`M40 ${y} C 190 ${y}, 170 230, 300 230`}
            fill="none"
            stroke="#7ce7d6"
            strokeOpacity={0.25 + index * 0.12}
            strokeWidth="1.6"
          />
          <circle cx="40" cy={y} r="7" fill="#0b3f3a" stroke="#7ce7d6" strokeWidth="1.6" />
        </g>
      ))}
      <path d="M300 230 H440" stroke="#7ce7d6" strokeWidth="3" strokeLinecap="round" />
      <circle cx="300" cy="230" r="22" fill="#0f766e" stroke="#7ce7d6" strokeWidth="2" />
      <circle cx="300" cy="230" r="7" fill="#fff" />
      <circle cx="440" cy="230" r="9" fill="#fff" />
    </svg>
  );
}

/** What the product is, told in a picture and a sentence, beside the form on wide windows. */
export function BrandPanel() {
  const { t } = useTranslation();
  const { name } = useServer();
  return (
    <aside className="hidden w-[46%] max-w-2xl bg-[#0b2f2b] text-white lg:block">
      <div className="sticky top-0 flex h-dvh flex-col justify-between p-10">
        <div className="flex items-center gap-3">
          <Logo size={34} />
          <span className="text-lg font-semibold">{name}</span>
        </div>
        <Streams />
        <div>
          <p className="max-w-md text-2xl leading-snug font-semibold">{t('auth.claim')}</p>
          <p className="mt-3 max-w-md text-[#b5d8d2]">{t('auth.claimDetail')}</p>
        </div>
      </div>
    </aside>
  );
}
