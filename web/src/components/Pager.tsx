import { Pagination } from 'antd';
import { useIsPhone } from '@/lib/useMediaQuery';

interface Props {
  page: number;
  pageSize: number;
  total: number;
  onChange: (page: number, pageSize: number) => void;
}

const sizes = [10, 20, 50, 100];

/** The way to the other pages; nothing where one page is all there is. */
export function Pager({ page, pageSize, total, onChange }: Props) {
  const isPhone = useIsPhone();
  if (total <= (sizes[0] ?? 10)) return null;
  return (
    <div className="mt-4 flex justify-center md:justify-end">
      <Pagination
        current={page}
        pageSize={pageSize}
        total={total}
        pageSizeOptions={sizes}
        showSizeChanger={!isPhone}
        simple={isPhone}
        onChange={onChange}
      />
    </div>
  );
}
