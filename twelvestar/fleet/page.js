"use strict";
(() => {
  const form = document.getElementById("filters");
  const table = document.getElementById("rows");
  const output = form.querySelector("output");
  const text = form.elements.namedItem("text");
  const selects = [...form.querySelectorAll("select")];
  const body = table.tBodies[0];
  const order = new Intl.Collator("en", { numeric: true });
  let rows = [...body.rows].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    marks: new Set(row.dataset.marks.split(" ")),
  }));

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const marks = selects.map((select) => select.value).filter(Boolean);
    let shown = 0;
    for (const each of rows) {
      const fits =
        marks.every((mark) => each.marks.has(mark)) &&
        words.every((word) => each.text.includes(word));
      each.row.hidden = !fits;
      shown += fits;
    }
    output.textContent = `${shown} of ${rows.length}`;
  }

  function key(row, column) {
    const cell = row.cells[column];
    if (cell.dataset.key !== undefined) return Number(cell.dataset.key);
    if (!cell.classList.contains("number")) return cell.textContent;
    const number = Number(cell.textContent.replaceAll(",", ""));
    // What is not known comes last, whichever way.
    return Number.isNaN(number) ? null : number;
  }

  function sort(heading, column) {
    const turn = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
    const keyed = rows.map((each) => [key(each.row, column), each]);
    keyed.sort(([one], [other]) => {
      if (one === null || other === null) return (one === null) - (other === null);
      if (typeof one === "number") return turn * (one - other);
      return turn * order.compare(one, other);
    });
    rows = keyed.map(([, each]) => each);
    body.append(...rows.map((each) => each.row));
  }

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading, column));
    heading.append(button);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.querySelector("[type=reset]").addEventListener("click", (event) => {
    event.preventDefault();
    form.reset();
    filter();
  });
  form.hidden = false;
  filter();
})();
