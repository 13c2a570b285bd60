namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>
/// What members the objects that we use have, by the API of Kubernetes 1.34 and of KEDA 2: enough to find a member that is misspelt, misplaced or missing. <c>*</c> may hold anything.
/// </summary>
internal static class Shapes
{
    private const string Meta = "name! namespace labels* annotations*";

    private const string Probe = "httpGet{path! port!} tcpSocket{port!} exec{command!*} periodSeconds timeoutSeconds failureThreshold initialDelaySeconds";

    private const string Container =
        "name! image! args* command* ports[name! containerPort! protocol] envFrom[configMapRef{name!}] env[name! value valueFrom{secretKeyRef{name! key! optional}}] "
        + $"startupProbe{{{Probe}}} livenessProbe{{{Probe}}} readinessProbe{{{Probe}}} resources!{{requests!{{cpu! memory!}} limits!{{memory! cpu}}}} "
        + "securityContext{readOnlyRootFilesystem allowPrivilegeEscalation capabilities{drop*}} volumeMounts[name! mountPath! readOnly]";

    private const string Pod =
        "serviceAccountName automountServiceAccountToken terminationGracePeriodSeconds restartPolicy "
        + "securityContext{runAsNonRoot runAsUser runAsGroup fsGroup seccompProfile{type!}} "
        + "topologySpreadConstraints[maxSkew! topologyKey! whenUnsatisfiable! labelSelector{matchLabels*}] "
        + $"containers![{Container}] volumes[name! emptyDir* persistentVolumeClaim{{claimName!}}]";

    private static readonly Dictionary<(string Version, string Kind), string> _shapes = new()
    {
        [("apps/v1", "Deployment")] = $"spec!{{replicas selector!{{matchLabels!*}} strategy{{rollingUpdate{{maxSurge maxUnavailable}}}} template!{{metadata!{{labels!*}} spec!{{{Pod}}}}}}}",
        [("apps/v1", "StatefulSet")] =
            $"spec!{{serviceName! replicas selector!{{matchLabels!*}} template!{{metadata!{{labels!*}} spec!{{{Pod}}}}} volumeClaimTemplates[metadata!{{name!}} spec!{{accessModes!* resources!*}}]}}",
        [("batch/v1", "CronJob")] =
            $"spec!{{schedule! timeZone concurrencyPolicy jobTemplate!{{spec!{{backoffLimit activeDeadlineSeconds template!{{metadata{{labels*}} spec!{{{Pod}}}}}}}}}}}",
        [("v1", "Service")] = "spec!{clusterIP selector!* ports![name! port! targetPort]}",
        [("v1", "ServiceAccount")] = "automountServiceAccountToken",
        [("v1", "Namespace")] = "",
        [("v1", "PersistentVolumeClaim")] = "spec!{accessModes!* resources!{requests!{storage!}} storageClassName}",
        [("policy/v1", "PodDisruptionBudget")] = "spec!{maxUnavailable minAvailable selector!{matchLabels!*}}",
        [("autoscaling/v2", "HorizontalPodAutoscaler")] =
            "spec!{scaleTargetRef!{apiVersion! kind! name!} minReplicas! maxReplicas! metrics![type! resource{name! target!{type! averageUtilization}}] behavior{scaleDown{stabilizationWindowSeconds}}}",
        [("networking.k8s.io/v1", "Ingress")] =
            "spec!{ingressClassName tls[hosts!* secretName!] rules![host! http!{paths![path! pathType! backend!{service!{name! port!{name number}}}]}]}",
        [("keda.sh/v1alpha1", "ScaledObject")] = "spec!{scaleTargetRef!{name!} minReplicaCount maxReplicaCount! pollingInterval cooldownPeriod triggers![type! metadata!*]}",
    };

    public static IEnumerable<string> Faults(object? thing)
    {
        var kind = (thing.Text("apiVersion") ?? "", thing.Text("kind") ?? "");
        if (!_shapes.TryGetValue(kind, out var shape))
            return [$"{kind} is no kind that is known here"];
        var at = 0;
        var subject = $"{kind.Item2} {thing.Text("metadata.name")}";
        return Check(thing, Parse($"apiVersion! kind! metadata!{{{Meta}}} {shape}", ref at), subject);
    }

    private static IEnumerable<string> Check(object? node, List<Member> members, string path)
    {
        if (node is not IDictionary<object, object>)
        {
            yield return $"{path} is no object";
            yield break;
        }

        var map = node.Map();
        foreach (var key in map.Keys.Except(members.Select(m => m.Name)))
            yield return $"{path} has no member {key}";
        foreach (var member in members)
        {
            if (!map.TryGetValue(member.Name, out var value) || value is null)
            {
                if (member.Required)
                    yield return $"{path} lacks {member.Name}";
                continue;
            }

            if (member.Form == '[' && value is not IList<object>)
                yield return $"{path}.{member.Name} is no list";
            if (member.Form == ' ' && value is not string)
                yield return $"{path}.{member.Name} is no plain value";
            IEnumerable<object?> parts = member.Form switch { '[' => value as IList<object> ?? [], '{' => [value], _ => [] };
            foreach (var fault in parts.SelectMany(p => Check(p, member.Members, $"{path}.{member.Name}")))
                yield return fault;
        }
    }

    /// <summary>Reads <c>name</c>, <c>name!</c> (required), <c>name*</c> (anything), <c>name{members}</c>, <c>name[members]</c> (a list of such).</summary>
    private static List<Member> Parse(string text, ref int at)
    {
        var members = new List<Member>();
        while (at < text.Length && text[at] is not ('}' or ']'))
        {
            if (text[at] == ' ')
            {
                at++;
                continue;
            }

            var start = at;
            while (at < text.Length && char.IsLetterOrDigit(text[at]))
                at++;
            var name = text[start..at];
            var required = at < text.Length && text[at] == '!';
            if (required)
                at++;
            var form = at < text.Length && text[at] is '{' or '[' or '*' ? text[at++] : ' ';
            List<Member> inner = [];
            if (form is '{' or '[')
            {
                inner = Parse(text, ref at);
                at++;
            }

            members.Add(new Member(name, required, form, inner));
        }

        return members;
    }

    private sealed record Member(string Name, bool Required, char Form, List<Member> Members);
}
