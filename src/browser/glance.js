// Whether the page, or a frame of it that may be read, shows a field that a person fills in.
(() => {
  const kinds = ["text", "email", "password", "tel"];
  const shown = (field) => {
    const box = field.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && (field.checkVisibility?.({ visibilityProperty: true }) ?? true);
  };
  const asks = (page) =>
    [...page.querySelectorAll("input")].some((field) => kinds.includes(field.type) && !field.disabled && shown(field)) ||
    [...page.querySelectorAll("iframe, frame")].some((frame) => {
      try {
        return shown(frame) && asks(frame.contentDocument);
      } catch {
        return false;
      }
    });
  return asks(document);
})()
