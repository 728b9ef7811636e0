import { BarChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use as register, type EChartsType } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { fontSans, palettes, type Shade } from '@/app/theme';
import type { Bucket, Series } from './usage';

register([BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

interface Props {
  /** Read out instead of the picture. */
  label: string;
  buckets: Bucket[];
  series: Series[];
  colors: string[];
  nameOf: (series: Series) => string;
  format: (value: number) => string;
  formatAxis: (value: number) => string;
  shade: Shade;
}

function optionOf({ buckets, series, colors, nameOf, format, formatAxis, shade }: Props) {
  const palette = palettes[shade];
  return {
    animationDuration: 300,
    color: colors,
    // A canvas does not inherit the page's typeface.
    textStyle: { fontFamily: fontSans },
    grid: { left: 4, right: 8, top: 16, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: {
      trigger: 'axis',
      // Drawn on the canvas: a bubble of HTML would need inline styles, which the page's policy refuses.
      renderMode: 'richText',
      axisPointer: { type: 'shadow', shadowStyle: { color: palette.accent, opacity: 0.06 } },
      backgroundColor: palette.surface,
      borderColor: palette.line,
      textStyle: { color: palette.ink, fontSize: 12, fontFamily: fontSans },
      order: 'valueDesc',
      valueFormatter: (value: unknown) => format(Number(value)),
    },
    xAxis: {
      type: 'category',
      data: buckets.map((bucket) => bucket.label),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.muted, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      splitLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.muted, formatter: formatAxis },
    },
    series: series.map((entry) => ({
      type: 'bar',
      stack: 'all',
      name: nameOf(entry),
      barMaxWidth: 28,
      // Nulls keep models that had no traffic out of the bubble.
      data: entry.values.map((value) => (value === 0 ? null : value)),
    })),
  };
}

/** Stacked bars, one colour a model. */
export default function UsageChart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const made = init(element);
    chart.current = made;
    const watcher = new ResizeObserver(() => made.resize());
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    chart.current?.setOption(optionOf(props), { notMerge: true });
  }, [props]);
  return <div ref={box} role="img" aria-label={props.label} className="h-72 w-full lg:h-full lg:min-h-72" />;
}
