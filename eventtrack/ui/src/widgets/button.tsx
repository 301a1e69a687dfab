/** Buttons: with words, or an icon alone that says its words to screen readers and on hovering. */

import { splitProps, type JSX } from "solid-js";
import { Icon, type IconName } from "./icon";

type Attributes = JSX.ButtonHTMLAttributes<HTMLButtonElement>;

interface ButtonProps extends Attributes {
  icon?: IconName;
  look?: "plain" | "primary" | "danger";
}

export function Button(props: ButtonProps) {
  const [own, rest] = splitProps(props, ["icon", "look", "children", "class"]);
  return (
    <button type="button" {...rest} class={`button ${own.look ?? "plain"} ${own.class ?? ""}`}>
      {own.icon && <Icon name={own.icon} />}
      {own.children}
    </button>
  );
}

interface IconButtonProps extends Attributes {
  icon: IconName;
  label: string;
}

export function IconButton(props: IconButtonProps) {
  const [own, rest] = splitProps(props, ["icon", "label", "class"]);
  return (
    <button
      type="button"
      {...rest}
      class={`icon-button ${own.class ?? ""}`}
      aria-label={own.label}
      title={own.label}
    >
      <Icon name={own.icon} />
    </button>
  );
}
