// The container app. azd deploys this after main.bicep, with the image it has just built.

param containerAppName string
param location string = resourceGroup().location

@description('Name of the azd environment')
param environmentName string

@description('Name of the Container Apps environment')
param containerAppsEnvironmentName string

param identityName string
param registryName string

@description('The image, with registry and tag')
param image string

@description('The backends, each { name, url, priority, models }, as JSON in base64')
param backends string

@description('Address ranges that may call, separated by commas; empty: everyone')
param allowedIpRanges string = ''

@description('The time that running replies have to end when a replica stops, in seconds')
@minValue(5)
@maxValue(580)
param drainSeconds int = 240

@minValue(1)
param minReplicas int = 1

@minValue(1)
param maxReplicas int = 10

// A stream is open for long and costs little, so one replica serves many. Each replica learns of a used-up quota only
// from a 429 that it gets itself, so more replicas cause more of them.
@description('Open requests per replica above which another one is started')
param concurrentRequests string = '200'

var port = 8080
var drainDelaySeconds = 5
var marginSeconds = 15
var probePath = '/actuator/health'

var backendVariables = [
  for (backend, i) in json(base64ToString(backends)): [
    {
      name: 'BACKEND_${i + 1}_NAME'
      value: backend.name
    }
    {
      name: 'BACKEND_${i + 1}_URL'
      value: backend.url
    }
    {
      name: 'BACKEND_${i + 1}_PRIORITY'
      value: string(backend.priority)
    }
    {
      name: 'BACKEND_${i + 1}_MODELS'
      value: backend.models
    }
  ]
]
var settings = [
  {
    name: 'AZURE_CLIENT_ID'
    value: identity.properties.clientId
  }
  {
    name: 'WEIR_OPEN' // everybody whom the ingress lets through may call it
    value: 'true'
  }
  {
    name: 'WEIR_DRAIN_DELAY'
    value: '${drainDelaySeconds}s'
  }
  {
    name: 'SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE'
    value: '${drainSeconds}s'
  }
]

var ipRanges = filter(split(replace(allowedIpRanges, ' ', ''), ','), part => !empty(part))
var ipRestrictions = [
  for (ipRange, i) in ipRanges: {
    name: 'allowed-${i + 1}'
    ipAddressRange: ipRange
    action: 'Allow'
  }
]

resource environment 'Microsoft.App/managedEnvironments@2025-07-01' existing = {
  name: containerAppsEnvironmentName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: registryName
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: containerAppName
  location: location
  tags: {
    'azd-env-name': environmentName
    'azd-service-name': 'weir'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: port
        transport: 'auto'
        allowInsecure: false
        ipSecurityRestrictions: ipRestrictions
      }
      registries: [
        {
          server: registry.properties.loginServer
          identity: identity.id
        }
      ]
    }
    template: {
      // Longer than Weir itself takes to stop, so that it is never stopped during a reply
      terminationGracePeriodSeconds: drainDelaySeconds + drainSeconds + marginSeconds
      containers: [
        {
          name: 'weir'
          image: image
          env: concat(settings, flatten(backendVariables))
          resources: {
            cpu: 1
            memory: '2Gi'
          }
          probes: [
            {
              type: 'Startup' // 82 s; the platform allows ten failures at most
              httpGet: {
                path: '${probePath}/liveness'
                port: port
              }
              initialDelaySeconds: 2
              periodSeconds: 8
              timeoutSeconds: 5
              failureThreshold: 10
            }
            {
              type: 'Liveness' // slow to kill, for streams would die with it
              httpGet: {
                path: '${probePath}/liveness'
                port: port
              }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 6
            }
            {
              type: 'Readiness' // quick to stop new requests
              httpGet: {
                path: '${probePath}/readiness'
                port: port
              }
              periodSeconds: 5
              timeoutSeconds: 5
              failureThreshold: 2
            }
          ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        rules: [
          {
            name: 'open-requests'
            http: {
              metadata: {
                concurrentRequests: concurrentRequests
              }
            }
          }
        ]
      }
    }
  }
}

output CONTAINER_APP_URL string = 'https://${app.properties.configuration.ingress.fqdn}'

// Begins like the URL, so that who looks for that sees it
output CONTAINER_APP_URL_OPEN_TO string = empty(ipRanges) ? 'everyone (WEIR_OPEN)' : allowedIpRanges
