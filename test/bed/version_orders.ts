/** Python versions in rising order: the examples of PEP 440 with epoch, local version, dev, pre and post releases. */
export const pipOrder = [
  ...["0.9", "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2"],
  ...["1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7", "1.0+5"],
  ...["1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1.9", "1.10", "2024.1", "1!0.1", "1!1.0"],
];

/** Debian versions in rising order: epoch, tilde, revisions, letters before other signs, numbers as numbers. */
export const debianOrder = [
  ...["0~~", "0~~a", "0~", "0", "0.1", "1.0~beta1-1", "1.0~rc1-1", "1.0-1~bpo12+1", "1.0-1", "1.0-1+b1"],
  ...["1.0-1+deb12u1", "1.0-1.1", "1.0-2", "1.0a-1", "1.0+dfsg-1", "1.0.1-1", "1.2.3-4", "1.9-1", "1.10-1"],
  ...["2:0.1-1", "2:1.0~-1", "2:1.0-1", "10:0"],
];
