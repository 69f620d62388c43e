import type { Page } from "playwright-core";

/** Elements that are wider than the screen or lie beside it. The text runs in the page. */
const outside = `(() => {
  const width = document.documentElement.clientWidth;
  const wide = [...document.body.querySelectorAll("*")].filter((one) => {
    const { right, left } = one.getBoundingClientRect();
    return right - left > 1 && (right > width + 1 || left < -1);
  });
  return wide.map((one) => one.tagName + " " + one.className + ": " + one.textContent.trim().slice(0, 40));
})()`;

/** What sticks out of the screen, so that one would have to scroll sideways. */
export const sticksOut = (page: Page): Promise<readonly string[]> => page.evaluate(outside);

const pale = `(() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const [red, green, blue] = numbers(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const below = (one) => {
    const colour = getComputedStyle(one).backgroundColor;
    return numbers(colour)[3] === 0 && one.parentElement ? below(one.parentElement) : colour;
  };
  const speaks = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "";
  const holders = [...document.body.querySelectorAll("*")].filter((one) => [...one.childNodes].some(speaks));
  return holders.flatMap((one) => {
    const [a, b] = [light(getComputedStyle(one).color), light(below(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return ratio < 4.5 ? [ratio.toFixed(2) + " " + one.tagName + ": " + one.textContent.slice(0, 30)] : [];
  });
})()`;

/** The texts whose contrast with what lies below them is less than 4.5 to 1 (WCAG 2.1, 1.4.3, level AA). */
export const tooPale = (page: Page): Promise<readonly string[]> => page.evaluate(pale);
