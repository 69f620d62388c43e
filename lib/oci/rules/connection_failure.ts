import { quote } from "../../plan/render_plan.ts";
import { nearMiss, type Way } from "./way.ts";

/** What a proxy answered in place of a way through, or the code that asking it ended with. */
export class ProxyError extends Error {
  readonly answer: number | string;

  constructor(answer: number | string) {
    super(`the proxy: ${answer}`);
    this.answer = answer;
  }
}

type Failed = {
  readonly url: URL;
  readonly way: Way;
  /** The certificate that we show, and the folder for those of the host. */
  readonly trust: { readonly shown: string | null; readonly folder: string } | null;
  /** The system's code and words. */
  readonly error: ProxyError | string;
};
type Advice = { readonly what: string; readonly why: string; readonly fix: string };

/** What is wrong with a connection that certificates or a proxy ended, and the line to type; null where it is neither. */
export function connectionAdvice({ url, way, trust, error }: Failed): Advice | null {
  if (error instanceof ProxyError) return proxyAdvice(url, way, error.answer);
  const row = trust && tlsRows.find(({ code }) => code.test(error));
  if (!row || !trust) return null;
  const { what, why, fix } = row.tell({ ...trust, host: url.host, proxy: way.proxy?.url.host ?? null, words: error });
  return { what: `${url.host} ${what}${way.proxy ? ` (by proxy ${way.proxy.url.host})` : ""}`, why, fix };
}

type Told = {
  readonly host: string;
  readonly proxy: string | null;
  readonly shown: string | null;
  readonly folder: string;
  readonly words: string;
};
/** The line that shows what a host's certificate says. */
function see({ host, proxy }: Told, more: string): string {
  const name = host.replace(/:[0-9]+$/, "");
  const by = proxy ? ` -proxy ${proxy}` : "";
  const asked = `-connect ${name === host ? `${host}:443` : host} -servername ${name}${by}`;
  return `openssl s_client ${asked} </dev/null | openssl x509 -noout ${more}`;
}
const clock = "or this machine's clock is wrong: date";

/** What TLS ends with, in the codes of OpenSSL and BoringSSL. */
const tlsRows: readonly { readonly code: RegExp; readonly tell: (told: Told) => Advice }[] = [
  {
    code: /CERT_HAS_EXPIRED/,
    tell: (told) => ({
      what: "has a certificate that has expired",
      why: "Who has a key of yesterday could be anybody; whoever runs the registry renews its certificate.",
      fix: `See until when it is good: ${see(told, "-enddate")}; ${clock}`,
    }),
  },
  {
    code: /CERT_NOT_YET_VALID/,
    tell: (told) => ({
      what: "has a certificate that is not valid yet",
      why: "A certificate is good from a day on, which this machine's clock has not reached.",
      fix: `See from when: ${see(told, "-startdate")}; ${clock}`,
    }),
  },
  {
    code: /ERR_TLS_CERT_ALTNAME_INVALID/,
    tell: (told) => ({
      what: "has a certificate of another host",
      why: `It is for ${/.*altnames: (.*)$/s.exec(told.words)?.[1] ?? "other names"}.`,
      fix: `Give the address in repo_config.yaml by one of its names; see them: ${see(told, "-ext subjectAltName")}`,
    }),
  },
  {
    code: /SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF|UNABLE_TO_GET_ISSUER|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA/,
    tell: (told) => ({
      what: "has a certificate of a CA that this machine does not know",
      why: `Who issued it is neither among the system's roots nor in ${quote(`${told.folder}/*.crt`)}, the same folder of ~/.docker, NODE_EXTRA_CA_CERTS, SSL_CERT_FILE or SSL_CERT_DIR.`,
      fix: `sudo mkdir -p ${quote(told.folder)} && sudo cp CA.crt ${quote(`${told.folder}/ca.crt`)}; see who issued it: ${see(told, "-issuer")}`,
    }),
  },
  {
    code: /WRONG_VERSION_NUMBER|wrong version number|packet length too long|HTTP_REQUEST/,
    tell: ({ host }) => ({
      what: "speaks plain http, and https was asked for",
      why: "A password would cross the net in the clear, so http is spoken only to loopback and to what somebody named as insecure.",
      fix: `Ask for its https port; where plain http is meant, insecure: true in repo_config.yaml, or "insecure-registries": ["${host}"] in /etc/docker/daemon.json`,
    }),
  },
  {
    code: /alert|ALERT/,
    tell: ({ shown, folder }) =>
      shown === null
        ? {
            what: "asks for a client certificate, and there is none",
            why: `Neither ${quote(folder)} nor the same folder of ~/.docker has a client.cert with its client.key.`,
            fix: `sudo mkdir -p ${quote(folder)} && sudo cp CERTIFICATE ${quote(`${folder}/client.cert`)} && sudo cp KEY ${quote(`${folder}/client.key`)}`,
          }
        : {
            what: `does not take the client certificate ${quote(shown)}`,
            why: "Another CA issued it than the registry asks for, or it has expired.",
            fix: `openssl x509 -in ${quote(shown)} -noout -issuer -enddate`,
          },
  },
];

function proxyAdvice(url: URL, { proxy, noProxy }: Way, answer: number | string): Advice | null {
  if (proxy === null) return null;
  const name = url.hostname;
  const near = noProxy && nearMiss(name, noProxy.value);
  const entries = near ? noProxy.value.replace(near, name) : [noProxy?.value, name].filter(Boolean).join(",");
  const past = `export ${noProxy?.variable ?? "NO_PROXY"}=${quote(entries)}`;
  const what = `the proxy ${proxy.url.host} (${proxy.from})`;
  if (near)
    return {
      what: `${what} gives no way to ${url.host}: ${answer}`,
      why: `${noProxy.from} has ${near}, which matches no host: an entry is a name or an address, without scheme, port and *.`,
      fix: past,
    };
  // tinyproxy answers 401 to a password that is not the one.
  if (answer === 407 || answer === 401)
    return {
      what: proxy.authorization ? `${what} does not take its user and password` : `${what} asks for a login`,
      why: `It answered ${answer} to CONNECT ${url.host}.`,
      fix: `export ${proxy.variable}=${proxy.url.protocol}//USER:PASSWORD@${proxy.url.host}; or past it: ${past}`,
    };
  const fix = `Correct it: export ${proxy.variable}=http://HOST:PORT; or past it, where ${name} is reached without: ${past}`;
  if (typeof answer === "number")
    return { what: `${what} gives no way to ${url.host}`, why: `It answered ${answer} to CONNECT ${url.host}.`, fix };
  const why = answer === "ETIMEDOUT" ? "It took the question and said nothing." : `Asking it ended with ${answer}.`;
  return { what: `${what} does not answer`, why, fix };
}
