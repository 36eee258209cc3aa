param token string
param location string
param tags object

@description('The Log Analytics workspace that gets the logs')
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2022-10-01' existing = {
  name: workspaceName
}

// The managed OpenTelemetry agent is not in a stable API version yet, so no traces are sent from here
resource environment 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: 'weir-${token}'
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: workspace.properties.customerId
        sharedKey: workspace.listKeys().primarySharedKey
      }
    }
    // With profiles, so that one for premium ingress can be added later
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

output name string = environment.name
