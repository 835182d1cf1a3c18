/** Rows of the table of identity products for platforms that issue tokens to the workloads which they run. */
export const WORKLOAD_ISSUERS = [
    {
        // https://docs.github.com/en/actions/reference/security/oidc
        name: 'GitHub Actions',
        family: 'GitHub Actions',
        issuer: /^https:\/\/token\.actions\.githubusercontent\.com(?:\/(?<tenant>[^/]+))?$/,
        tokenTypes: ['JWT'],
        audience: 'the one that the workflow asked for, else the URL of the owner of the repository',
        isForEveryone: true,
        scopeClaims: [],
        ask: resource => `ask in the workflow with core.getIDToken('${resource}')`,
        ownAudiences: [
            {
                form: /^https:\/\/github\.com\/[^/]+$/i,
                what: 'an owner of repositories at GitHub',
                cause: 'the URL of the owner is what GitHub Actions writes where the workflow names no audience',
            },
        ],
    },
    {
        // https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ and the issuers of EKS, GKE and AKS
        name: 'Kubernetes',
        family: 'Kubernetes',
        issuer: /^https:\/\/(?:(?<tenant>kubernetes\.default)(?:\.svc(?:\.[^/]+)?)?|oidc\.eks\.[^/]+\/id\/[^/]+|container\.googleapis\.com\/v1\/projects\/.+|[^/]+\.oic\.[^/]*azure\.[^/]+\/.+)$/,
        tokenTypes: ['JWT'],
        audience: 'the one of the projected volume or of the TokenRequest, else the API server',
        scopeClaims: [],
        ask: resource => `ask Kubernetes with the audience ${resource} in a projected serviceAccountToken volume (or kubectl create token --audience)`,
        withoutAudience: 'tokens of Kubernetes that stand in a Secret have no audience and do not expire',
    },
];
