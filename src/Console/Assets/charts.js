import {
  ArcElement, BarController, BarElement, CategoryScale, Chart, DoughnutController, Legend, LinearScale, LineController, LineElement, PointElement, ScatterController, Tooltip,
} from "chart.js";

Chart.register(ArcElement, BarController, BarElement, CategoryScale, DoughnutController, Legend, LinearScale, LineController, LineElement, PointElement, ScatterController, Tooltip);

const drawn = new WeakMap();
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Draws what `data-chart` says: {kind: bar|hbar|line|pie|scatter, labels: [...], series: [{name, values}]}. Drawn again, it only changes. */
export function draw(canvas) {
  const text = canvas.dataset.chart;
  const theme = document.documentElement.dataset.theme;
  const before = drawn.get(canvas);
  if (before?.text === text && before.theme === theme)
    return;
  const chart = JSON.parse(text);
  if (before?.chart && before.kind === chart.kind && before.theme === theme) {
    before.chart.data = data(chart);
    before.text = text;
    before.chart.update("none");
    return;
  }
  before?.chart.destroy();
  drawn.set(canvas, { text, theme, kind: chart.kind, chart: new Chart(canvas, configuration(chart)) });
}

function data({ kind, labels, series }) {
  const palette = [1, 2, 3, 4, 5, 6].map(i => colour(`--chart-${i}`));
  return {
    labels,
    datasets: series.map((one, i) => ({
      label: one.name,
      data: kind === "scatter" ? one.values.map((y, at) => ({ x: Number(labels[at]), y })) : one.values,
      backgroundColor: kind === "pie" ? one.values.map((_, at) => palette[at % palette.length]) : palette[i % palette.length],
      borderColor: kind === "pie" ? colour("--surface") : palette[i % palette.length],
      borderWidth: kind === "line" ? 2 : kind === "pie" ? 2 : 0,
      pointRadius: kind === "line" ? (labels.length > 60 ? 0 : 2.5) : 3,
      tension: 0.2,
      borderRadius: 4,
      maxBarThickness: 34,
    })),
  };
}

function configuration(chart) {
  const { kind, series } = chart;
  const text = colour("--muted");
  const grid = { color: colour("--line") };
  const ticks = { color: text, maxRotation: 40, autoSkipPadding: 8 };
  const whole = series.every(one => one.values.every(Number.isInteger));
  const values = { ticks: { ...ticks, ...(whole && { precision: 0 }) }, grid, border: { display: false }, beginAtZero: kind !== "scatter" };
  const names = { ticks: { ...ticks, autoSkip: kind !== "hbar" || chart.labels.length > 24 }, grid: { display: false }, border: { display: false } };
  return {
    type: { pie: "doughnut", hbar: "bar" }[kind] ?? kind,
    data: data(chart),
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      indexAxis: kind === "hbar" ? "y" : "x",
      interaction: { mode: kind === "scatter" || kind === "pie" ? "nearest" : "index", intersect: kind === "pie" },
      scales: kind === "pie" ? {} : kind === "hbar" ? { x: values, y: names } : { x: kind === "scatter" ? values : names, y: values },
      plugins: { legend: { display: kind === "pie" || series.length > 1, position: kind === "pie" ? "right" : "top", labels: { color: text, boxWidth: 10, boxHeight: 10 } } },
    },
  };
}
