// Firefox draws its windows with OpenGL only on drivers of its list, where no software renderer is: have it use EGL here.
user_pref("gfx.webrender.all", true);
user_pref("gfx.x11-egl.force-enabled", true);
user_pref("layers.acceleration.force-enabled", true);
user_pref("webgl.force-enabled", true);
// No first-run pages, no network.
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
