module.exports = (eleventy) => {
  eleventy.addGlobalData("data", () => require(process.env.PEER_DATA));
  return { dir: { input: "input", includes: "../includes" }, htmlTemplateEngine: "njk" };
};
